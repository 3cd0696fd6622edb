/** What a handler does at its deadline: one that listens ends by its signal, and one that blocks is interrupted. */
export const ENDINGS = ['listens', 'hangs', 'blocks'] as const;

export type Ending = (typeof ENDINGS)[number];
