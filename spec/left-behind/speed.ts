/** What a timeout costs all that a process does after it. */
export interface Report {
  /** The time of an `await` after a timeout, divided by that before it. */
  readonly slower: number;
  /** How many async hooks have stayed enabled. */
  readonly hooks: number;
}
