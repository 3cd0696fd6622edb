/** What the soak and its function share. */

/** The ways to block the event loop forever. */
export const BLOCKS = ['spin', 'match', 'sleep', 'timers', 'load'] as const;

export type Block = (typeof BLOCKS)[number];

/** The names of environment variables. */
export const PORT = 'SOAK_PORT';
export const MODULE = 'SOAK_MODULE';

/** The function's timeout. */
export const TIMEOUT_MS = 3000;

/** How long an event has until its deadline if it must time out. */
export const SHORT_MS = 100;

/** How long both hooks have together. The time is short, so that the events are over soon. */
export const HOOKS_MS = 300;

/** What an event asks for. */
export interface SoakEvent {
  readonly id: number;
  /** Whether it has enough time to be served after code that was abandoned has blocked the event loop for a second. */
  readonly isPatient?: boolean;
  /** Whether it replaces the connection that all invocations share with one of its own. */
  readonly connects?: boolean;
  /** How long the handler waits before its work. Without it, the work begins at once. */
  readonly afterMs?: number;
  readonly work?: Block | 'hang' | 'fail' | 'ask' | 'require' | 'wait';
  /** What the work does in the callback of its answer: it computes for this time, or blocks. */
  readonly inAnswer?: number | Block;
  readonly report?: Block;
}

export interface SoakAnswer {
  readonly id: number;
  readonly residentBytes: number;
}
