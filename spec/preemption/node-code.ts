/** What was observed at one interruption in Node's own code. */
export interface NodeCodeReport {
  /** What the loop did. */
  readonly kind: string;
  readonly preempted: boolean;
  readonly blockedAt: string;
  readonly endedAfterMs: number;
  /** What was started afterwards and never came. */
  readonly lost: readonly string[];
}
