/** How many items or rows an answer of the pool server has. */
export const ITEMS = 400_000;

/** For how long the event loop was blocked, as the code sees it that runs next. */
export interface BlockReport {
  readonly blockedForMs: number;
}
