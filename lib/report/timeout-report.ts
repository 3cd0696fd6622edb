import { type LambdaTimeoutDetails, LambdaTimeoutError } from './lambda-timeout-error.js';
import type { Pending } from './pending-operations.js';

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
  /** The stack that blocked the event loop, if one was interrupted. */
  readonly blockedAt: string | undefined;
  /** How many timers of this package wait for it. */
  readonly timers: number;
  /** What the code had under way. */
  readonly pending: Pending;
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
    return new LambdaTimeoutError(message, { ...details, lateByMs: 0 });
  }
  const times = `${marginMs} ms before the Lambda deadline, after ${details.elapsedMs} ms`;
  const message = `${handlerName} timed out ${times}${describe(deadline.pending)}`;
  return new LambdaTimeoutError(message + describeBlocking(details, facts.preempt), details);
}

const describe = ({ waitingFor }: Pending): string => (waitingFor ? `, waiting for ${waitingFor}` : '');

/** Says where code was interrupted by the innermost frame of its stack, without the folder of the file. */
function describeInterruption(blockedAt: string): string {
  const [innermost] = blockedAt.split('\n') as [string];
  return `; it blocked the event loop and was interrupted ${innermost.replace(/[^\s(]*[\\/](?=[^\\/]+$)/, '')}`;
}

function describeBlocking({ blockedAt, lateByMs }: LambdaTimeoutDetails, preempt: boolean): string {
  if (blockedAt !== undefined) return describeInterruption(blockedAt);
  if (lateByMs < LATE_MS || isDebugged()) return '';
  const blocked = `; the event loop was blocked for the last ${lateByMs} ms`;
  return preempt ? blocked : `${blocked}, which the option \`preempt\` would have ended`;
}

/** Whether a debugger can attach. Then what looks like a blocked event loop may have waited at a breakpoint. */
const isDebugged = (): boolean =>
  process.features.inspector && process.getBuiltinModule('node:inspector').url() !== undefined;

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
  return new LambdaTimeoutError(message + describe(pending) + blocking, detailsOf(facts, deadline));
}

/** Adds to an error that its code was interrupted in its grace, unless the handler has made the error read-only. */
export function addInterruption(timeout: LambdaTimeoutError, blockedAt: string): void {
  const { message: before } = timeout;
  const message = before + describeInterruption(blockedAt);
  const stack = readStack(timeout);
  try {
    Object.assign(timeout, { preempted: true, blockedAt, message });
    if (stack !== undefined) timeout.stack = stack.replace(before, () => message);
  } catch {
    // What has been made read-only stays as it is.
  }
}

/** The stack of an error, if the program's own `prepareStackTrace` makes a text of it. */
function readStack(error: Error): string | undefined {
  try {
    return typeof error.stack === 'string' ? error.stack : undefined;
  } catch {
    return undefined;
  }
}

/** Collects the details of the error of a deadline that has come. */
function detailsOf(
  facts: TimeoutFacts,
  { atMs, blockedAt, timers, pending }: DeadlineFacts,
): LambdaTimeoutDetails {
  const now = performance.now();
  return {
    handler: facts.handlerName,
    requestId: facts.requestId,
    marginMs: facts.marginMs,
    elapsedMs: Math.round(now - facts.startedAtMs),
    remainingMs: Math.round(facts.hardDeadlineAtMs - now),
    lateByMs: Math.max(0, Math.round(now - atMs)),
    preempted: blockedAt !== undefined,
    ...(blockedAt === undefined ? {} : { blockedAt }),
    pending: pending.operations,
    activeResources: countActiveResources(timers),
  };
}

/**
 * Counts by type what the process is waiting on, without the timers of this package.
 *
 * @see https://nodejs.org/api/process.html#processgetactiveresourcesinfo
 */
function countActiveResources(timers: number): Record<string, number> {
  const counts = { Timeout: 0, ...countAllResources() };
  counts.Timeout -= timers;
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

// Taken now: a test that fakes time later must not fake it here.
const realNow = performance.now.bind(performance);

let lastCounts: Readonly<Record<string, number>> = {};
let recountAtMs = Number.NEGATIVE_INFINITY;

/** Counts anew only after ten times as long as that took: of thousands that time out at once, each would count thousands. */
function countAllResources(): Readonly<Record<string, number>> {
  const startedAtMs = realNow();
  if (startedAtMs < recountAtMs) return lastCounts;
  const counts: Record<string, number> = {};
  for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1;
  const now = realNow();
  recountAtMs = now + 10 * (now - startedAtMs);
  lastCounts = counts;
  return counts;
}

/**
 * Gives a timeout a cause, in addition to the one that it may have. The cause is not enumerable, as in ECMAScript. If a hook
 * has rethrown the same error, or frozen it, nothing changes.
 */
export function addCause(timeout: LambdaTimeoutError, cause: unknown): void {
  if (cause === timeout) return;
  const value =
    'cause' in timeout
      ? new AggregateError(
          [cause, timeout.cause],
          'The handler failed in its grace, and then the hook with `respond: true` failed',
        )
      : cause;
  Reflect.defineProperty(timeout, 'cause', { value, configurable: true, writable: true });
}
