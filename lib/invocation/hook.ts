import type { InFlight } from '../deadline/current-attempt.js';
import { inspect } from '../report/inspect.js';
import type { LambdaTimeoutError } from '../report/lambda-timeout-error.js';
import { callUserCode } from '../report/stack.js';
import { type DeadlineFacts, hookAbandoned } from '../report/timeout-report.js';
import type { Attempt, End, UserCode } from './attempt.js';
import type { HandlerArguments } from './handler-arguments.js';
import type { InvocationFacts } from './invocation-facts.js';

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

const warnedHooks = new WeakSet<Hook>();

/** Whether a hook returned what its author may take for the response. Answers so once. */
export function isValueLost(hook: Hook, value: unknown): boolean {
  if (value === undefined || hook.kind === 'finally' || hook.responds || warnedHooks.has(hook)) return false;
  warnedHooks.add(hook);
  return true;
}

export const LOST_VALUE =
  'Declare it `@OnTimeout({ respond: true })` to make that the response, or return nothing.';

type Methods = Record<string | symbol, ((...args: unknown[]) => unknown) | undefined>;

/** Whether calling a method runs none of it. */
export const isGenerator = (method: unknown): boolean =>
  /Generator/.test(Object.prototype.toString.call(method));

/** One run of a hook. It has an equal share of the time that is left to it and to those after it. */
export class HookRun implements UserCode {
  readonly deadlineAtMs: number;
  readonly graceParts = 0;
  readonly isResponseLost = false;
  readonly onEnd: (end: End) => void;
  readonly #hook: Hook;
  readonly #subject: unknown;
  readonly #shareMs: number;
  readonly #args: HandlerArguments;
  readonly #facts: InvocationFacts;

  /**
   * @param subject - its first argument
   * @param hooksLeft - how many hooks have to run, this one included
   */
  constructor(
    hook: Hook,
    subject: unknown,
    hooksLeft: number,
    args: HandlerArguments,
    facts: InvocationFacts,
    onEnd: (end: End) => void,
  ) {
    const now = performance.now();
    this.#shareMs = Math.max(0, (facts.hookDeadlineAtMs - now) / hooksLeft);
    this.deadlineAtMs = now + this.#shareMs;
    this.#hook = hook;
    this.#subject = subject;
    this.#args = args;
    this.#facts = facts;
    this.onEnd = onEnd;
  }

  get name(): string {
    return this.#hook.name;
  }

  call(attempt: Attempt): unknown {
    const { self } = this.#facts.inFlight as InFlight;
    const method = (self as Methods)[this.#hook.key];
    // The hook must fail, and not be skipped silently.
    if (typeof method !== 'function' || isGenerator(method)) {
      const found = typeof method === 'function' ? 'a generator' : `\`${inspect(method)}\``;
      throw new TypeError(
        `${this.name} is a hook, but was overridden with ${found}. Override it with a method.`,
      );
    }
    return callUserCode(method, self, [this.#subject, ...this.#args.for(attempt)]);
  }

  report(deadline: DeadlineFacts): LambdaTimeoutError {
    return hookAbandoned(this.#facts, this.name, this.#shareMs, deadline);
  }
}
