import { attempts } from '../deadline/current-attempt.js';
import type { LambdaTimeoutError } from '../report/lambda-timeout-error.js';
import { log, type TimeoutLogger } from '../report/logger.js';
import { callUserCode } from '../report/stack.js';
import { type DeadlineFacts, handlerTimedOut, hasTime } from '../report/timeout-report.js';
import { Attempt, type Code } from './attempt.js';
import { HandlerArguments } from './handler-arguments.js';
import { type GuardedClass, type Hook, type HookOwner, HookRun } from './hook-runner.js';
import { factsOf, type GuardedHandler, type InvocationFacts } from './invocation-facts.js';
import { doNotWaitForAbandoned, readLambdaContext, warnOfContext } from './lambda-context.js';
import { type Outcome, PendingOutcome } from './outcome.js';

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
    new Invocation(method, facts, guarded, handlerArgs, { resolve, reject }).start();
  });
}

/** The two ends of the promise that the caller of a handler receives. */
interface Caller {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/** One call of a decorated handler. Each step runs alone, so that an interruption never ends more than one step. */
class Invocation implements Code {
  readonly facts: InvocationFacts;
  readonly guarded: GuardedClass;
  readonly args: HandlerArguments;
  readonly #method: GuardedHandler['method'];
  #caller: Caller | undefined;

  constructor(
    method: GuardedHandler['method'],
    facts: InvocationFacts,
    guarded: GuardedClass,
    args: HandlerArguments,
    caller: Caller,
  ) {
    this.#method = method;
    this.facts = facts;
    this.guarded = guarded;
    this.args = args;
    this.#caller = caller;
  }

  get name(): string {
    return this.facts.handlerName;
  }

  get deadlineAtMs(): number {
    return this.facts.deadlineAtMs;
  }

  get graceParts(): number {
    return this.guarded.onTimeout.length + this.guarded.finally.length + 1;
  }

  start(): void {
    const attempt = new Attempt(this, this.facts);
    const awaitsCallback = this.args.passCallback(this.#method, attempt);
    this.facts.runAlone(() => {
      if (!hasTime(this.facts)) attempt.expire();
      else attempt.run(awaitsCallback);
    });
  }

  call(attempt: Attempt): unknown {
    return callUserCode(this.#method, this.facts.self, this.args.for(attempt));
  }

  report(deadline: DeadlineFacts): LambdaTimeoutError {
    return handlerTimedOut(this.facts, deadline);
  }

  onEnd(attempt: Attempt, ofHandler: Outcome): void {
    if (attempt.state === 'ended') {
      new Ending(this, ofHandler, undefined).next();
      return;
    }
    const { error } = attempt.expiry;
    if (attempt.state === 'timed out') {
      if (this.args.hasStream) doNotWaitForAbandoned(this.facts.context);
      new Ending(this, ofHandler, error).log('error', error.message, error);
    } else {
      const message = `${this.name} ended ${attempt.expiry.lateByMs()} ms past its deadline, in its grace`;
      new Ending(this, ofHandler, undefined).log('warn', message, error);
    }
  }

  settle(outcome: Outcome): void {
    const caller = this.#caller;
    // What the invocation leaves open may live much longer, and must not keep the response in memory.
    this.#caller = undefined;
    this.args.release();
    if (outcome.status === 'fulfilled') caller?.resolve(outcome.value);
    // Not in the context of a step: where the code that called has been interrupted, nobody waits for it.
    else if (this.facts.below) attempts.run(this.facts.below, () => caller?.reject(outcome.reason));
    else caller?.reject(outcome.reason);
  }
}

/** The steps from the end of a handler to the outcome that its caller receives. */
class Ending implements HookOwner {
  readonly #invocation: Invocation;
  readonly #outcome: PendingOutcome;
  /** The error of a handler that has timed out. */
  readonly #timeout: LambdaTimeoutError | undefined;
  readonly #hooks: readonly Hook[];
  #hooksRun = 0;

  constructor(invocation: Invocation, ofHandler: Outcome, timeout: LambdaTimeoutError | undefined) {
    const { onTimeout, finally: always } = invocation.guarded;
    this.#invocation = invocation;
    this.#outcome = new PendingOutcome(ofHandler, invocation.name);
    this.#timeout = timeout;
    this.#hooks = timeout ? [...onTimeout, ...always] : always;
  }

  /** Logs, and goes on. */
  log(level: keyof TimeoutLogger, message: string, detail: unknown): void {
    const { runAlone, logger } = this.#invocation.facts;
    runAlone(() => {
      log(logger, level, message, detail);
      this.next();
    });
  }

  /** Runs the next hook; settles after the last one. */
  next(): void {
    const hook = this.#hooks[this.#hooksRun];
    this.#invocation.facts.runAlone(() => (hook ? this.#run(hook) : this.#settle()));
  }

  #run(hook: Hook): void {
    const hooksLeft = this.#hooks.length - this.#hooksRun++;
    new HookRun(hook, this.#invocation.facts, hooksLeft, this).start();
  }

  argumentsFor({ kind }: Hook, attempt: Attempt): unknown[] {
    return [
      // A copy: a hook that changes it must not change the outcome.
      kind === 'finally' ? { ...this.#outcome.current } : this.#timeout,
      ...this.#invocation.args.for(attempt),
    ];
  }

  onHookEnd(hook: Hook, answer: Outcome): void {
    if (hook.kind === 'finally') this.#outcome.conclude(answer);
    else if (hook === this.#invocation.guarded.responder) this.#outcome.respond(answer);
    this.next();
  }

  #settle(): void {
    const outcome = this.#outcome.current;
    if (this.#timeout && outcome.status === 'fulfilled') this.#invocation.args.endResponse();
    this.#invocation.settle(outcome);
  }
}
