import type { LambdaTimeoutError } from '../report/lambda-timeout-error.js';
import { log } from '../report/logger.js';
import { callUserCode } from '../report/stack.js';
import { type DeadlineFacts, hookAbandoned } from '../report/timeout-report.js';
import { Attempt, type Code } from './attempt.js';
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

/** The invocation that a hook runs for. */
export interface HookOwner {
  argumentsFor(hook: Hook, attempt: Attempt): unknown[];
  /** Called once, when the hook has ended. */
  onHookEnd(hook: Hook, answer: Outcome): void;
}

/** One run of a hook, in its share of the time that is left. Logs a hook that fails or is abandoned. */
export class HookRun implements Code {
  readonly deadlineAtMs: number;
  readonly graceParts = 0;
  readonly isResponseLost = false;
  readonly #hook: Hook;
  readonly #facts: InvocationFacts;
  #owner: HookOwner | undefined;
  readonly #shareMs: number;

  /** @param hooksLeft - among how many hooks the time is shared, this one included */
  constructor(hook: Hook, facts: InvocationFacts, hooksLeft: number, owner: HookOwner) {
    const now = performance.now();
    this.#shareMs = Math.max(0, (facts.hookDeadlineAtMs - now) / hooksLeft);
    this.deadlineAtMs = now + this.#shareMs;
    this.#hook = hook;
    this.#facts = facts;
    this.#owner = owner;
  }

  get name(): string {
    return this.#hook.name;
  }

  start(): void {
    new Attempt(this, this.#facts).run();
  }

  call(attempt: Attempt): unknown {
    const { self } = this.#facts;
    // Not `?.()`: if an override is not a method, the hook must fail, and not be skipped silently.
    const method = (self as Methods)[this.#hook.key] as Methods[string];
    const owner = this.#owner as HookOwner; // there until the hook has ended
    return callUserCode(method, self, owner.argumentsFor(this.#hook, attempt));
  }

  report(deadline: DeadlineFacts): LambdaTimeoutError {
    return hookAbandoned(this.#facts, this.name, this.#shareMs, deadline);
  }

  onEnd(attempt: Attempt, answer: Outcome): void {
    if (answer.status === 'rejected') {
      const message = attempt.state === 'timed out' ? attempt.expiry.error.message : `${this.name} failed`;
      log(this.#facts.logger, 'error', message, answer.reason);
    } else if (answer.value !== undefined) warnOfValue(this.#hook, this.#facts);
    const owner = this.#owner;
    // What the hook leaves open may live much longer, and must not keep the outcome in memory.
    this.#owner = undefined;
    owner?.onHookEnd(this.#hook, answer);
  }
}

const warnedHooks = new WeakSet<Hook>();

/** Warns once that what a hook returns is not the response, because its author may expect that. */
function warnOfValue(hook: Hook, { logger }: InvocationFacts): void {
  if (hook.kind === 'finally' || hook.responds || warnedHooks.has(hook)) return;
  warnedHooks.add(hook);
  const mend = 'Declare it `@OnTimeout({ respond: true })` to make that the response, or return nothing.';
  log(logger, 'warn', `${hook.name} returned a value, which nobody receives`, mend);
}
