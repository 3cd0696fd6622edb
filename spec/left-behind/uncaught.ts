/** The events of a process that has an error which nobody has caught. */
export const EVENTS = ['unhandledRejection', 'uncaughtException', 'uncaughtExceptionMonitor'] as const;

export type Event = (typeof EVENTS)[number];

/** Whose error it is. */
export const INNOCENT = [
  'module-level code',
  'code outside an invocation',
  'an invocation in time, in its course',
  'an invocation in time, after its end',
] as const;

/** What happens in a process. */
export interface Scenario {
  readonly before: 'no package' | 'no timeout' | 'a timeout';
  readonly whose: (typeof INNOCENT)[number] | 'an abandoned invocation';
  readonly kind: 'rejection' | 'exception';
  /** To which events the program listens. */
  readonly listened: readonly Event[];
}
