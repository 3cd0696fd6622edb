/** How many items or rows an answer of the pool server has. */
export const ITEMS = 400_000;

/** How long the event loop was blocked, measured by the code that runs next. */
export interface BlockReport {
  readonly blockedForMs: number;
}
