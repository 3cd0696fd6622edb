/** The ways in which the endurance program blocks a handler. */
export const KINDS = [
  'a loop',
  'awaits',
  'awaits of a function',
  'promises',
  'ticks',
  'a timer',
  'an immediate among others',
  'vm with a timeout',
  'message channels',
  'stdout',
  'stderr',
] as const;

/** What is seen after one interruption. */
export interface EnduranceReport {
  readonly kind: string;
  /** The kind of the interruption before it. */
  readonly after: string;
  readonly error: string;
  readonly isInTime: boolean;
  /** What gives no sign of life. */
  readonly lost: readonly string[];
  readonly warnings: readonly string[];
}
