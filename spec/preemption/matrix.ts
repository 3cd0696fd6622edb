/** The places in a handler in which the matrix program blocks the thread. */
export const PLACES = [
  'its synchronous start',
  'a promise',
  'a timer',
  'an interval',
  'an immediate',
  'a tick',
  'a microtask',
  'a file callback',
  'a socket callback',
  'an AsyncResource in a timer',
] as const;

/** The hooks in which it blocks the thread. */
export const HOOK_PLACES: readonly string[] = ['an @OnTimeout hook', 'a @Finally hook'];

/** What the matrix program reports each time after it was blocked. */
export interface MatrixReport {
  readonly place: string;
  readonly block: string;
  /** What the invocation rejected with. */
  readonly error: string;
  readonly preempted: boolean;
  /** Whether it rejected before its hard deadline. */
  readonly isInTime: boolean;
  readonly hooks: readonly string[];
  /** The level of each logged line, and the innermost frames of the code that blocked. */
  readonly logged: readonly string[];
  readonly working: readonly string[];
  /** What the next, ordinary invocation returns. */
  readonly next: string;
  readonly wrongStores: readonly string[];
  /** How often the user's async hook `after` was called with another id than the last `before`. */
  readonly unbalanced: number;
  readonly resources: readonly string[];
}
