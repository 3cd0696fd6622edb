/** How an invocation ends, and what it opens before. */
export interface Scenario {
  readonly ends: (typeof ENDS)[number];
  readonly opens: (typeof OPENS)[number];
  readonly preempt: boolean;
}

export const ENDS = ['in time', 'in its grace', 'by listening to its signal', 'abandoned'] as const;

export const OPENS = ['a timer', 'a keep-alive connection'] as const;

/** What is still open, and what is still in memory, after its end. */
export interface Report {
  readonly isOpen: boolean;
  readonly kept: readonly string[];
}
