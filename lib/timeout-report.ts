import type { AttemptDeadline } from './attempt-deadline.js';
import type { GuardedHandler, Invocation } from './invocation.js';
import { type LambdaTimeoutDetails, LambdaTimeoutError } from './lambda-timeout-error.js';
import { memberName } from './member-name.js';

/** How long the event loop may keep a timeout waiting before the message says that it was blocked. */
const LATE_MS = 100;

/** Makes the error of an invocation whose handler is at its deadline. */
export function handlerTimedOut(invocation: Invocation): LambdaTimeoutError {
  const { hadTime, deadline, handler, lambda } = invocation;
  const report = reportAt(invocation, deadline);
  if (!hadTime) {
    const leftMs = Math.round(lambda.remainingMs);
    const reason = `its margin of ${handler.marginMs} ms leaves no time, with ${leftMs} ms until the Lambda deadline`;
    const message = `${report.handler} timed out before it was called: ${reason}`;
    return new LambdaTimeoutError(message, { ...report, lateByMs: 0 });
  }
  const times = `${handler.marginMs} ms before the Lambda deadline, after ${report.elapsedMs} ms`;
  const message = `${report.handler} timed out ${times}${describeBlocking(report, handler)}`;
  return new LambdaTimeoutError(message, report);
}

function describeBlocking(report: LambdaTimeoutDetails, { preempt }: GuardedHandler): string {
  if (report.preempted) return '; it blocked the event loop and was interrupted';
  if (report.lateByMs < LATE_MS) return '';
  const blocked = `; the event loop was blocked for the last ${report.lateByMs} ms of them`;
  return preempt ? blocked : `${blocked}, which the option \`preempt\` would have ended`;
}

/** Makes the error of a hook that has used up its share of the margin. */
export function hookAbandoned(
  invocation: Invocation,
  hookName: string,
  shareMs: number,
  deadline: AttemptDeadline,
): LambdaTimeoutError {
  const message = `${hookName} was abandoned after its share of the margin, ${Math.round(shareMs)} ms`;
  return new LambdaTimeoutError(message, reportAt(invocation, deadline));
}

/** Gathers what an error tells of an invocation, one of whose deadlines has come. */
function reportAt(
  { handler, hardDeadlineAtMs, lambda, self, startedAtMs }: Invocation,
  { atMs, blockedAt }: AttemptDeadline,
): LambdaTimeoutDetails {
  const now = performance.now();
  return {
    handler: memberName(self, handler.key),
    requestId: lambda.requestId,
    marginMs: handler.marginMs,
    elapsedMs: Math.round(now - startedAtMs),
    remainingMs: Math.round(hardDeadlineAtMs - now),
    lateByMs: Math.max(0, Math.round(now - atMs)),
    preempted: blockedAt !== undefined,
    ...(blockedAt === undefined ? {} : { blockedAt }),
    activeResources: countActiveResources(),
  };
}

/**
 * Counts by type what the process is waiting on, less the timer of the deadline that has come.
 *
 * @see https://nodejs.org/api/process.html#processgetactiveresourcesinfo
 */
function countActiveResources(): Record<string, number> {
  const counts: Record<string, number> = { Timeout: -1 };
  for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
