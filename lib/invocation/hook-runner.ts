import { log } from '../report/logger.js';
import { callUserCode } from '../report/stack.js';
import { hookAbandoned } from '../report/timeout-report.js';
import { Attempt } from './attempt.js';
import type { InvocationFacts } from './invocation-facts.js';
import type { Outcome } from './outcome.js';

/** A method that a decorator has marked to be run when an invocation ends. */
export interface Hook {
  readonly kind: 'onTimeout' | 'finally';
  readonly key: string | symbol;
  /** Whether its return value answers the timed-out invocation. */
  readonly responds: boolean;
  /** `Orders.report`. */
  readonly name: string;
}

/** What is known of the class of the instance on which a handler is called. */
export interface GuardedClass {
  /** `Orders.handler`; just `handler` where the instance is not of the class that declares it. */
  readonly handlerName: string;
  /** In the order in which they run. */
  readonly onTimeout: readonly Hook[];
  readonly finally: readonly Hook[];
  /** The hook that makes the response to a timeout. */
  readonly responder: Hook | undefined;
}

type Methods = Record<string | symbol, (...args: unknown[]) => unknown>;

/**
 * Runs one hook on its share of the time that is left, and logs it if it fails or is abandoned.
 *
 * @param hooksLeft - among how many hooks the time is shared, this one included
 * @param argumentsFor - the arguments for an attempt
 */
export function runHook(
  hook: Hook,
  facts: InvocationFacts,
  hooksLeft: number,
  argumentsFor: (attempt: Attempt) => unknown[],
  onEnd: (answer: Outcome) => void,
): void {
  const { name } = hook;
  const now = performance.now();
  const shareMs = Math.max(0, (facts.hookDeadlineAtMs - now) / hooksLeft);
  const attempt = new Attempt(
    {
      name,
      deadlineAtMs: now + shareMs,
      report: (deadline) => hookAbandoned(facts, name, shareMs, deadline),
      graceParts: 0,
    },
    facts,
    (answer) => {
      if (answer.status === 'rejected') {
        const message = attempt.state === 'timed out' ? attempt.expiry.error.message : `${name} failed`;
        log(facts.logger, 'error', message, answer.reason);
      } else if (answer.value !== undefined) warnOfValue(hook, facts);
      onEnd(answer);
    },
  );
  attempt.run(() => {
    // Not `?.()`: a hook that an override has made no method has to fail, not to pass silently.
    const method = (facts.self as Methods)[hook.key] as Methods[string];
    return callUserCode(method, facts.self, argumentsFor(attempt));
  });
}

const warnedHooks = new WeakSet<Hook>();

/** Says once that what a hook returns is no response, since its author may think so. */
function warnOfValue(hook: Hook, { logger }: InvocationFacts): void {
  if (hook.kind === 'finally' || hook.responds || warnedHooks.has(hook)) return;
  warnedHooks.add(hook);
  const mend = 'Declare it `@OnTimeout({ respond: true })` to make that the response, or return nothing.';
  log(logger, 'warn', `${hook.name} returned a value, which nobody receives`, mend);
}
