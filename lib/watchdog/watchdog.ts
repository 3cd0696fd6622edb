import type { AttemptDeadline } from '../attempt-deadline.js';

/** What an attempt and its invocation ask of a watchdog. */
export interface Watchdog {
  /**
   * Watches code from now on. `onInterrupted` hears when it has to be interrupted, however late, and can ask later, not
   * in that very call, at which stack.
   */
  arm(deadline: AttemptDeadline, onInterrupted: (blockedAt: () => string) => void): void;
  /** Waits for the code's deadline no more. If it was abandoned, it is still interrupted should it block the thread. */
  disarm(deadline: AttemptDeadline, isAbandoned: boolean): void;
  /** Runs code whose callbacks are not to be interrupted. */
  shield<Result>(code: () => Result): Result;
  /** Runs a step that shares nothing with other code that may be interrupted, and so cannot be lost with it. */
  runAlone(step: () => void): void;
}

/** The watchdog of who has asked for none. */
export const NO_WATCHDOG: Watchdog = {
  arm() {},
  disarm() {},
  shield: (code) => code(),
  runAlone: (step) => step(),
};
