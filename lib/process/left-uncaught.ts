import { attempts, type CurrentAttempt } from '../deadline/current-attempt.js';
import { onlyHeeds } from '../report/heeding.js';
import { isTimeout } from '../report/lambda-timeout-error.js';
import { takeUncaughtErrors } from './uncaught-gate.js';

/**
 * Holds back, from now on, the errors that code leaves uncaught after its deadline, and those that only say that a deadline
 * has come. They would end the process in the middle of the hooks or of the next invocation.
 */
export function holdBackUncaught(): void {
  takeUncaughtErrors('left', take);
}

function take(event: string, error: unknown, origin: unknown): boolean {
  const attempt = findLate(attempts.getStore());
  if (!attempt) return onlyHeeds(error, isTimeout, false);
  // Node emits several events for one error: the monitor first, and with `--unhandled-rejections=strict` both others.
  const isRepeated = event === 'uncaughtExceptionMonitor' || origin === 'unhandledRejection';
  if (!isRepeated) attempt.takeUncaught(error);
  return true;
}

/** Finds the innermost of nested attempts whose deadline has come. */
function findLate(innermost: CurrentAttempt | undefined): CurrentAttempt | undefined {
  let attempt = innermost;
  while (attempt && (attempt.state === 'running' || attempt.state === 'ended')) attempt = attempt.below;
  return attempt;
}
