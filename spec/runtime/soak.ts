/** What the soak and its function tell each other. */

/** The ways to block the event loop, all for good. */
export const BLOCKS = ['spin', 'match', 'sleep', 'timers', 'load'] as const;

export type Block = (typeof BLOCKS)[number];

/** The names of environment variables. */
export const PORT = 'SOAK_PORT';
export const MODULE = 'SOAK_MODULE';

/** The function's timeout. */
export const TIMEOUT_MS = 3000;

/** How long an event has that is to time out. */
export const SHORT_MS = 100;

/** How long the hooks have, both together: a short time, so that the events are soon over. */
export const HOOKS_MS = 300;

/** What an event asks for. */
export interface SoakEvent {
  readonly id: number;
  /** Whether it has enough time to be served after code that was abandoned has blocked the event loop for a second. */
  readonly isPatient?: boolean;
  /** Whether it replaces the connection that all invocations share by one of its own. */
  readonly connects?: boolean;
  /** How long the handler waits before its work; it begins at once if not given. */
  readonly afterMs?: number;
  readonly work?: Block | 'hang' | 'fail' | 'ask' | 'require' | 'wait';
  /** What the work does in the callback of the answer that it has asked for: computes for so long, or blocks. */
  readonly inAnswer?: number | Block;
  readonly report?: Block;
}

export interface SoakAnswer {
  readonly id: number;
  readonly residentBytes: number;
}
