/** The events that Node emits for uncaught errors and unhandled rejections. */
export const EVENTS = ['unhandledRejection', 'uncaughtException', 'uncaughtExceptionMonitor'] as const;

export type Event = (typeof EVENTS)[number];

/** Code that has not timed out. Its errors must have the same effect as without this package. */
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
  /** The events to which the program listens. */
  readonly listened: readonly Event[];
}
