/** How an invocation ended. */
export interface InvocationReport {
  readonly value?: unknown;
  readonly error?: string;
  /** Whether it rejected before its hard deadline. */
  readonly isInTime?: boolean;
  /** The innermost frame that blocked, without the file; null if it was not preempted. */
  readonly blockedAt?: string | null;
  readonly hooks: readonly string[];
}
