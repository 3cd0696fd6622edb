import type { InFlight } from '../deadline/current-attempt.js';
import { inspect } from '../report/inspect.js';
import type { LambdaTimeoutError } from '../report/lambda-timeout-error.js';
import { callUserCode } from '../report/stack.js';
import { type DeadlineFacts, hookAbandoned } from '../report/timeout-report.js';
import type { Attempt, End, UserCode } from './attempt.js';
import type { HandlerArguments } from './handler-arguments.js';
import { type Hook, isGenerator } from './hook.js';
import type { InvocationFacts } from './invocation-facts.js';

type Methods = Record<string | symbol, ((...args: unknown[]) => unknown) | undefined>;

/** A hook whose turn it is. */
interface HookCall {
  readonly hook: Hook;
  /** Its first argument. */
  readonly subject: unknown;
  /** How many hooks have to run, this one included. */
  readonly hooksLeft: number;
}

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

  constructor(
    { hook, subject, hooksLeft }: HookCall,
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
