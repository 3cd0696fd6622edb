/** How a handler ends at its deadline. */
export const ENDINGS = ['listens to its signal', 'hangs', 'is interrupted'] as const;

export type Ending = (typeof ENDINGS)[number];
