import type { CurrentAttempt } from '../deadline/current-attempt.js';

/** Runs a step apart from all other code. An interruption of that code cannot end the step as well. */
export type StepRunner = (step: () => void) => void;

const runNow: StepRunner = (step) => step();

/** What attempts and their invocations ask of a watchdog. */
export interface Watchdog {
  /** Whether it interrupts anything at all. */
  readonly isWatching: boolean;
  /** Watches an attempt, from now until its cut-off, which may have moved since it was last armed. */
  arm(attempt: CurrentAttempt): void;
  /** Stops waiting for the cut-off of an attempt. One that has timed out is still interrupted if it blocks the thread. */
  disarm(attempt: CurrentAttempt): void;
  /** Makes what runs the steps of one invocation, in the async context of this call. */
  createStepRunner(): StepRunner;
}

/** The watchdog without `preempt`: it does nothing. */
export const NO_WATCHDOG: Watchdog = {
  isWatching: false,
  arm() {},
  disarm() {},
  createStepRunner: () => runNow,
};
