/** Immediates of the same turn. The mending program interrupts one of them. */
export interface Batch {
  /** How many run before the one that is interrupted. */
  readonly before: number;
  /** How many are due behind it. */
  readonly behind: number;
  /** Which of those behind it are cleared as soon as it has been interrupted. */
  readonly clears?: readonly number[];
}

export const batches: Readonly<Record<string, Batch>> = {
  'that is alone in its turn': { before: 0, behind: 0 },
  'that is the first of two': { before: 0, behind: 1 },
  'that is the first of four': { before: 0, behind: 3 },
  'that is the last of two': { before: 1, behind: 0 },
  'that is the second of three': { before: 1, behind: 1 },
  'that is the fourth of seven': { before: 3, behind: 3 },
  'that is the first, if the next one is cleared': { before: 0, behind: 3, clears: [0] },
  'that is the first, if all others are cleared': { before: 0, behind: 3, clears: [0, 1, 2] },
  'that is the second, if the next one is cleared': { before: 1, behind: 3, clears: [0] },
  'that is the second, if all behind it are cleared': { before: 1, behind: 3, clears: [0, 1, 2] },
};

/** What the mending program has seen when it ends. */
export interface MendingReport {
  /** What has run, in that order. */
  readonly ran: readonly string[];
  /** The resources that Node still counts as active. */
  readonly left: readonly string[];
}
