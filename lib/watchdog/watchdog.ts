import type { CurrentAttempt } from '../deadline/current-attempt.js';

/** Runs a step that shares nothing with other code that may be interrupted, and so cannot be lost with it. */
export type StepRunner = (step: () => void) => void;

const runNow: StepRunner = (step) => step();

/** What attempts and their invocations ask of a watchdog. */
export interface Watchdog {
  /** Whether it interrupts anything at all. */
  readonly isWatching: boolean;
  /** Watches an attempt, from now until its cut-off, which may have moved since it was last armed. */
  arm(attempt: CurrentAttempt): void;
  /** Waits for the attempt's cut-off no more. If that has timed out, it is still interrupted where it blocks the thread. */
  disarm(attempt: CurrentAttempt): void;
  /** Runs code whose callbacks must not be interrupted. */
  shield<Result>(code: () => Result): Result;
  /** Makes what runs the steps of one invocation, in the async context of this call. */
  createStepRunner(): StepRunner;
}

/** The watchdog of who has asked for none. */
export const NO_WATCHDOG: Watchdog = {
  isWatching: false,
  arm() {},
  disarm() {},
  shield: (code) => code(),
  createStepRunner: () => runNow,
};
