import { Attempt, type Outcome } from './attempt.js';
import { AttemptDeadline } from './attempt-deadline.js';
import type { Hook } from './hooks.js';
import type { Invocation } from './invocation.js';
import type { LambdaTimeoutError } from './lambda-timeout-error.js';
import { log } from './logger.js';
import { memberName } from './member-name.js';
import { hookAbandoned } from './timeout-report.js';

type Methods = Record<string | symbol, (...args: unknown[]) => unknown>;

/** Runs an invocation's hooks, one after the other, and answers with the outcome that the caller shall receive. */
export async function runHooks(
  invocation: Invocation,
  handlerOutcome: Outcome,
  timeout: LambdaTimeoutError | undefined,
): Promise<Outcome> {
  const { hooks } = invocation;
  const onTimeout = timeout ? hooks.onTimeout : [];
  let hooksLeft = onTimeout.length + hooks.finally.length;
  let outcome = handlerOutcome;

  for (const hook of onTimeout) {
    const answer = await runHook(invocation, hook, timeout, hooksLeft--);
    if (hook !== hooks.responder) continue;
    if (answer.status === 'fulfilled') outcome = answer;
    else addCause(timeout, answer.reason);
  }

  const failures: unknown[] = [];
  for (const hook of hooks.finally) {
    const answer = await runHook(invocation, hook, outcome, hooksLeft--);
    if (answer.status === 'fulfilled' || handlerOutcome.status === 'rejected') continue;
    failures.push(answer.reason);
    outcome =
      failures.length === 1 ? answer : { status: 'rejected', reason: aggregate(invocation, failures) };
  }
  if (timeout && outcome.status === 'fulfilled') invocation.endResponse();
  return outcome;
}

/** Not enumerable, as the language makes a cause; a hook may have rethrown the very error, or frozen it. */
function addCause(error: unknown, cause: unknown): void {
  if (cause === error || !Object.isExtensible(error)) return;
  Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true });
}

/** Runs one hook on its share of the time that is left, and logs it if it fails or is abandoned. */
function runHook(invocation: Invocation, hook: Hook, argument: unknown, hooksLeft: number): Promise<Outcome> {
  const { handler, hardDeadlineAtMs, self } = invocation;
  const name = memberName(self, hook.key);
  const now = performance.now();
  const shareMs = Math.max(0, (hardDeadlineAtMs - handler.reserveMs - now) / hooksLeft);
  const atMs = now + shareMs;
  const deadline: AttemptDeadline = new AttemptDeadline(atMs, invocation, () =>
    hookAbandoned(invocation, name, shareMs, deadline),
  );

  return new Promise((resolve) => {
    const end = (answer: Outcome): void => {
      if (answer.status === 'rejected') {
        const isAbandoned = deadline.isOwnError(answer.reason);
        if (isAbandoned) deadline.pass();
        log(handler.logger, 'error', isAbandoned ? answer.reason.message : `${name} failed`, answer.reason);
      }
      resolve(answer);
    };
    const attempt = new Attempt(deadline, handler.watchdog, end, invocation.lateRejectionOf(name, deadline));
    attempt.run(() => {
      // Not `?.()`: a hook that an override has made no method has to fail, not to pass silently.
      const method = (self as Methods)[hook.key] as Methods[string];
      return method.call(self, argument, ...invocation.argumentsFor(deadline));
    });
  });
}

const aggregate = ({ handler, self }: Invocation, failures: unknown[]): AggregateError =>
  new AggregateError(
    failures,
    `${failures.length} @Finally hooks of ${memberName(self, handler.key)} failed`,
  );
