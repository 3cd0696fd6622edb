import { explainDelay } from './delay.js';
import { withErrorProperty } from './error-property.js';
import { read } from './error-trail.js';
import { withoutHeeding } from './heeding.js';
import { type LambdaTimeoutDetails, LambdaTimeoutError } from './lambda-timeout-error.js';
import type { Summary } from './pending-operations.js';

/** How long the event loop may keep a timeout waiting before the message says that it was blocked. */
const LATE_MS = 100;

/** What an error says about an invocation. Times are on the clock of `performance.now()`. */
export interface TimeoutFacts {
  /** `Orders.handler`. */
  readonly handlerName: string;
  readonly requestId: string | undefined;
  readonly marginMs: number;
  readonly preempt: boolean;
  readonly startedAtMs: number;
  /** Time until the hard deadline at the start. */
  readonly remainingMs: number;
  readonly hardDeadlineAtMs: number;
}

/** What an error says about the deadline that has come. */
export interface DeadlineFacts {
  readonly atMs: number;
  /** When it was noticed that it has come. */
  readonly noticedAtMs: number;
  /** For how long the thread had been busy by then, since the start of the invocation. */
  readonly busyMs: number;
  /** The stack that blocked the event loop, if one was interrupted. */
  readonly blockedAt: string | undefined;
  /** What the process is waiting on, counted by type. */
  readonly activeResources: Record<string, number>;
  /** What the code had under way. */
  readonly pending: Summary;
}

/** Whether the margin leaves the handler any time at all. */
export const hasTime = ({ remainingMs, marginMs }: TimeoutFacts): boolean => remainingMs > marginMs;

/** Makes the error of an invocation whose handler is at its deadline. */
export function handlerTimedOut(facts: TimeoutFacts, deadline: DeadlineFacts): LambdaTimeoutError {
  const { handlerName, marginMs } = facts;
  const details = detailsOf(facts, deadline);
  if (!hasTime(facts)) {
    const leftMs = Math.round(facts.remainingMs);
    const reason = `its margin of ${marginMs} ms leaves no time, with ${leftMs} ms until the Lambda deadline`;
    const message = `${handlerName} timed out before it was called: ${reason}`;
    return withoutFrames(message, { ...details, lateByMs: 0 });
  }
  const when = details.lateByMs < LATE_MS ? before(marginMs) : before(details.remainingMs);
  const message = `${handlerName} timed out ${when}, after ${details.elapsedMs} ms${describe(deadline.pending)}`;
  return withoutFrames(message + describeDelay(details, deadline, facts.preempt), details);
}

/** Makes the error. Those who need frames of the user's code add them. */
const withoutFrames = (message: string, details: LambdaTimeoutDetails): LambdaTimeoutError =>
  withErrorProperty('stackTraceLimit', 0, () => new LambdaTimeoutError(message, details));

/** Says when something was, by the ms that were left until the hard deadline. */
const before = (leftMs: number): string =>
  leftMs < 0 ? `${-leftMs} ms after the Lambda deadline` : `${leftMs} ms before the Lambda deadline`;

const describe = ({ waitingFor }: Summary): string => (waitingFor ? `, waiting for ${waitingFor}` : '');

/** Says where code was interrupted by the innermost frame of its stack, without the folder of the file. */
function describeInterruption(blockedAt: string): string {
  const [innermost] = blockedAt.split('\n') as [string];
  return `; it blocked the event loop and was interrupted ${innermost.replace(/[^\s(]*[\\/]/, '')}`;
}

function describeDelay(
  { lateByMs }: LambdaTimeoutDetails,
  { blockedAt, busyMs }: DeadlineFacts,
  preempt: boolean,
): string {
  if (blockedAt !== undefined) return describeInterruption(blockedAt);
  if (lateByMs < LATE_MS) return '';
  const why = explainDelay(lateByMs, busyMs);
  if (why === 'debugged') return '';
  if (why === 'suspended') return `; the process was suspended for the last ${lateByMs} ms`;
  const blocked = `; the event loop was blocked for the last ${lateByMs} ms`;
  return preempt ? blocked : `${blocked}, which the option \`preempt\` would have ended`;
}

/** Makes the error of a hook that has used up its share of the margin. */
export function hookAbandoned(
  facts: TimeoutFacts,
  hookName: string,
  shareMs: number,
  deadline: DeadlineFacts,
): LambdaTimeoutError {
  const { blockedAt, pending } = deadline;
  const message = `${hookName} was abandoned after its share of the margin, ${Math.round(shareMs)} ms`;
  const blocking = blockedAt === undefined ? '' : describeInterruption(blockedAt);
  return withoutFrames(message + describe(pending) + blocking, detailsOf(facts, deadline));
}

/** Adds to an error that its code was interrupted in its grace, unless the handler has made the error read-only. */
export function addInterruption(timeout: LambdaTimeoutError, blockedAt: string): void {
  const { message: before } = timeout;
  const message = before + describeInterruption(blockedAt);
  const stack = read(timeout, 'stack') as string;
  try {
    Object.assign(timeout, { preempted: true, blockedAt, message });
    timeout.stack = stack.replace(before, () => message);
  } catch {
    // What has been made read-only, or is no text, stays as it is.
  }
}

/** Collects the details of the error of a deadline that has come. */
function detailsOf(
  facts: TimeoutFacts,
  { atMs, noticedAtMs, blockedAt, activeResources, pending }: DeadlineFacts,
): LambdaTimeoutDetails {
  return {
    handler: facts.handlerName,
    requestId: facts.requestId,
    marginMs: facts.marginMs,
    elapsedMs: Math.round(noticedAtMs - facts.startedAtMs),
    remainingMs: Math.round(facts.hardDeadlineAtMs - noticedAtMs),
    lateByMs: Math.max(0, Math.round(noticedAtMs - atMs)),
    preempted: blockedAt !== undefined,
    ...(blockedAt === undefined ? {} : { blockedAt }),
    pending: pending.operations,
    activeResources,
  };
}

const BOTH_FAILED = 'The handler failed in its grace, and then the hook with `respond: true` failed';

const HAD_A_CAUSE = 'The handler failed in its grace, and its timeout had a cause before';

/**
 * Gives a timeout the failure of a hook as its cause, in addition to the one that it may have. If the hook has rethrown the same
 * error, or frozen it, nothing changes. The cause never leads back to the timeout.
 */
export function addHookFailure(timeout: LambdaTimeoutError, reason: unknown): void {
  if (reason === timeout) return;
  addCause(
    timeout,
    withoutHeeding(reason, (value) => value === timeout, false),
    BOTH_FAILED,
  );
}

/**
 * Gives a timeout a cause that does not lead back to it. The cause is not enumerable, as in ECMAScript.
 *
 * @param both - what is said of this cause and one that is there already
 * @returns false if the user has frozen the timeout
 */
export function addCause(timeout: LambdaTimeoutError, cause: unknown, both = HAD_A_CAUSE): boolean {
  const value = Object.hasOwn(timeout, 'cause')
    ? withErrorProperty('stackTraceLimit', 0, () => new AggregateError([cause, read(timeout, 'cause')], both))
    : cause;
  return Reflect.defineProperty(timeout, 'cause', { value, configurable: true, writable: true });
}
