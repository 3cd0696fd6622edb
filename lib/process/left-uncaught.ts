import { asNobody, attempts, type CurrentAttempt } from '../deadline/current-attempt.js';
import { attempted } from '../operations/attempted.js';
import { read } from '../report/error-trail.js';
import { onlyHeeds, saysMore } from '../report/heeding.js';
import { isTimeout } from '../report/lambda-timeout-error.js';
import { log } from '../report/logger.js';
import { withoutMaps } from '../report/written-stacks.js';
import { takeUncaughtErrors } from './uncaught-gate.js';

/** For how long after a deadline calls may still reject because of it. */
const ABORTING_MS = 1000;

let deadlineCameAtMs = Number.NEGATIVE_INFINITY;

/**
 * Holds back, from now on, the errors that code leaves uncaught after its deadline, and those that only say that a deadline
 * has come. They would end the process in the middle of the hooks or of the next invocation.
 */
export function holdBackUncaught(): void {
  deadlineCameAtMs = performance.now();
  takeUncaughtErrors('left', take);
}

function take(event: string, error: unknown, origin: unknown): boolean {
  const current = attempts.getStore();
  const late = findLate(current);
  // Node emits several events for one error: the monitor first, and with `--unhandled-rejections=strict` both others.
  const isRepeated = event === 'uncaughtExceptionMonitor' || origin === 'unhandledRejection';
  if (late) {
    if (!isRepeated) late.takeUncaught(error);
    return true;
  }
  // What an invocation has opened that ended in time may work for another one, as a queue does. From Node 24 on, Node tells of a
  // rejection in the context of the call which rejects the promise.
  const isOfQueue = current?.state === 'ended';
  const mayBeAborted = isOfQueue && performance.now() < deadlineCameAtMs + ABORTING_MS;
  if (!onlyHeeds(error, isTimeout, mayBeAborted)) return false;
  if (isOfQueue || !saysMore(error, isTimeout)) return true;
  // What code of a client that runs in no context has wrapped is rejected. What is thrown, the program itself has thrown.
  if (origin === 'uncaughtException') return false;
  if (!isRepeated) asNobody(() => sayHeldBack(error));
  return true;
}

/** A line of a stack that is a frame. */
const FRAME = /^ +at .*(?::\d+:\d+|<anonymous>|native)\)?$/;

/** The places of which was said that an error has come from there. */
const said = new Set<string>();

/**
 * Warns of an error with words of its own, without these, since a client may have put what is secret there. Says so once for each
 * place, since to warn may lead to the next error.
 */
function sayHeldBack(error: unknown): void {
  const [name, message, stack] = withoutMaps(() =>
    ['name', 'message', 'stack'].map((key) => String(attempted(() => String(read(error, key))))),
  ) as [string, string, string];
  const frames = stack.slice(stack.indexOf(message) + message.length).split('\n');
  const detail = [/^\w+$/.exec(name)?.[0] ?? 'Error', ...frames.filter((line) => FRAME.test(line))].join(
    '\n',
  );
  if (said.has(detail)) return;
  said.add(detail);
  log(
    console,
    'warn',
    'A rejection that nobody handles leads to a timeout, so it does not end the process',
    detail,
  );
}

/** Finds the innermost of nested attempts whose deadline has come. */
function findLate(innermost: CurrentAttempt | undefined): CurrentAttempt | undefined {
  let attempt = innermost;
  while (attempt && (attempt.state === 'running' || attempt.state === 'ended')) attempt = attempt.below;
  return attempt;
}
