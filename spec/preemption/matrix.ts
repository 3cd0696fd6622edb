/** Where the matrix program blocks the thread: in a handler, … */
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

/** … and in a hook. */
export const HOOK_PLACES: readonly string[] = ['an @OnTimeout hook', 'a @Finally hook'];

/** What the matrix program tells of one time that it was blocked. */
export interface MatrixReport {
  readonly place: string;
  readonly block: string;
  /** What the invocation rejected with. */
  readonly error: string;
  readonly preempted: boolean;
  /** Whether it did so before its hard deadline. */
  readonly isInTime: boolean;
  readonly hooks: readonly string[];
  /** Each logged line as its level and the innermost frames that blocked. */
  readonly logged: readonly string[];
  readonly working: readonly string[];
  /** What an ordinary invocation answers after that. */
  readonly next: string;
  readonly wrongStores: readonly string[];
  /** How many async hooks of the user's have been called in another order than nested ones are. */
  readonly unbalanced: number;
  readonly resources: readonly string[];
}
