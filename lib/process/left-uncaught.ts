import { asNobody, attempts, type CurrentAttempt } from '../deadline/current-attempt.js';
import { read } from '../report/error-trail.js';
import { onlyHeeds, saysMore } from '../report/heeding.js';
import { isTimeout } from '../report/lambda-timeout-error.js';
import { log } from '../report/logger.js';
import { withoutMaps } from '../report/written-stacks.js';
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
  // Node emits several events for one error: the monitor first, and with `--unhandled-rejections=strict` both others.
  const isRepeated = event === 'uncaughtExceptionMonitor' || origin === 'unhandledRejection';
  if (!attempt) {
    if (!onlyHeeds(error, isTimeout, false)) return false;
    if (!saysMore(error, isTimeout)) return true;
    // What code of a client that runs in no context has wrapped is rejected. What is thrown, the program itself has thrown.
    if (origin === 'uncaughtException') return false;
    if (!isRepeated) sayHeldBack(error);
  } else if (!isRepeated) attempt.takeUncaught(error);
  return true;
}

/** Warns of an error with words of its own, without these, since a client may have put what is secret there. */
function sayHeldBack(error: unknown): void {
  asNobody(() => {
    const [name, stack] = withoutMaps(() => [read(error, 'name'), read(error, 'stack')]);
    const frames = typeof stack === 'string' ? stack.split(/\n(?= +at )/).slice(1) : [];
    const what = 'A rejection that nobody handles leads to a timeout, so it does not end the process';
    log(console, 'warn', what, [typeof name === 'string' ? name : 'Error', ...frames].join('\n'));
  });
}

/** Finds the innermost of nested attempts whose deadline has come. */
function findLate(innermost: CurrentAttempt | undefined): CurrentAttempt | undefined {
  let attempt = innermost;
  while (attempt && (attempt.state === 'running' || attempt.state === 'ended')) attempt = attempt.below;
  return attempt;
}
