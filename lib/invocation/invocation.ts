import { attempts } from '../deadline/current-attempt.js';
import type { LambdaTimeoutError } from '../report/lambda-timeout-error.js';
import { log } from '../report/logger.js';
import { callUserCode } from '../report/stack.js';
import { type DeadlineFacts, handlerTimedOut, hasTime } from '../report/timeout-report.js';
import { Attempt } from './attempt.js';
import { HandlerArguments } from './handler-arguments.js';
import { type GuardedClass, type Hook, runHook } from './hook-runner.js';
import { factsOf, type GuardedHandler, type InvocationFacts } from './invocation-facts.js';
import { readLambdaContext, warnOfContext } from './lambda-context.js';
import { type Outcome, PendingOutcome } from './outcome.js';
import { doNotWaitForAbandoned } from './response-stream.js';

/** Calls a decorated handler: as an invocation of its own, or as a part of the one that it is called in. */
export function invoke(
  handler: GuardedHandler,
  guarded: GuardedClass,
  self: unknown,
  args: unknown[],
): unknown {
  const { method, logger } = handler;
  const lambda = readLambdaContext(args);
  const outer = attempts.getStore();
  const isPart = outer !== undefined && outer.self === self && outer.context === lambda.context;
  if (isPart) return method.apply(self, args);

  const { handlerName } = guarded;
  if (lambda.problem !== undefined) {
    const owner = typeof self === 'function' ? self : (self?.constructor ?? guarded);
    warnOfContext(lambda.problem, Object(owner), handlerName, logger);
  }
  const facts = factsOf(handler, handlerName, lambda, self);
  // Not in the function below, which would keep the arguments in memory as long as the promise.
  const handlerArgs = new HandlerArguments(args, lambda.index);
  return new Promise((resolve, reject) => {
    const invocation = new Invocation(facts, guarded, handlerArgs, (outcome) =>
      outcome.status === 'fulfilled' ? resolve(outcome.value) : reject(outcome.reason),
    );
    invocation.start(method);
  });
}

/** One call of a decorated handler: the steps from its start to the outcome that its caller receives. */
class Invocation {
  readonly #facts: InvocationFacts;
  readonly #guarded: GuardedClass;
  readonly #args: HandlerArguments;
  readonly #settle: (outcome: Outcome) => void;
  readonly #steps: (() => void)[] = [];
  #hooksLeft = 0;

  constructor(
    facts: InvocationFacts,
    guarded: GuardedClass,
    args: HandlerArguments,
    settle: (outcome: Outcome) => void,
  ) {
    this.#facts = facts;
    this.#guarded = guarded;
    this.#args = args;
    this.#settle = settle;
  }

  start(method: GuardedHandler['method']): void {
    const facts = this.#facts;
    const options = {
      name: facts.handlerName,
      deadlineAtMs: facts.deadlineAtMs,
      report: (deadline: DeadlineFacts) => handlerTimedOut(facts, deadline),
      graceParts: this.#guarded.onTimeout.length + this.#guarded.finally.length + 1,
    };
    const attempt = new Attempt(options, facts, (outcome) => this.#onHandlerEnd(attempt, outcome));
    const awaitsCallback = this.#args.passCallback(method, attempt);
    this.#steps.push(() => {
      if (!hasTime(facts)) attempt.expire();
      else attempt.run(() => callUserCode(method, facts.self, this.#args.for(attempt)), awaitsCallback);
    });
    this.#next();
  }

  /** Takes the next step, alone: what interrupts one step must not take another one with it. */
  #next(): void {
    const step = this.#steps.shift();
    if (step) this.#facts.runAlone(step);
  }

  /** Adds a step that is done when it returns. */
  #then(step: () => void): void {
    this.#steps.push(() => {
      step();
      this.#next();
    });
  }

  /** Adds steps that run hooks, one after the other. */
  #thenRun(
    hooks: readonly Hook[],
    argument: () => unknown,
    onEnd: (answer: Outcome, hook: Hook) => void,
  ): void {
    this.#hooksLeft += hooks.length;
    for (const hook of hooks) {
      this.#steps.push(() => {
        const argumentsFor = (attempt: Attempt) => [argument(), ...this.#args.for(attempt)];
        runHook(hook, this.#facts, this.#hooksLeft--, argumentsFor, (answer) => {
          onEnd(answer, hook);
          this.#next();
        });
      });
    }
  }

  #onHandlerEnd({ state, expiry }: Attempt, ofHandler: Outcome): void {
    const { handlerName, logger } = this.#facts;
    const outcome = new PendingOutcome(ofHandler, handlerName);
    if (state === 'timed out') this.#timeOut(expiry.error, outcome);
    if (state === 'ended late') {
      const message = `${handlerName} ended ${expiry.lateByMs()} ms past its deadline, in its grace`;
      this.#then(() => log(logger, 'warn', message, expiry.error));
    }
    this.#thenRun(
      this.#guarded.finally,
      () => outcome.current,
      (answer) => outcome.conclude(answer),
    );
    this.#then(() => {
      if (state === 'timed out' && outcome.current.status === 'fulfilled') this.#args.endResponse();
      this.#args.release();
      this.#settle(outcome.current);
    });
    this.#next();
  }

  #timeOut(error: LambdaTimeoutError, outcome: PendingOutcome): void {
    const { logger, context } = this.#facts;
    const { onTimeout, responder } = this.#guarded;
    if (this.#args.hasStream) doNotWaitForAbandoned(context);
    this.#then(() => log(logger, 'error', error.message, error));
    this.#thenRun(
      onTimeout,
      () => error,
      (answer, hook) => {
        if (hook === responder) outcome.respond(answer, error);
      },
    );
  }
}
