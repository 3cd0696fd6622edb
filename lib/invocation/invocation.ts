import {
  asNobody,
  attempts,
  type CurrentAttempt,
  type InFlight,
  isOver,
} from '../deadline/current-attempt.js';
import { messageOf } from '../report/error-trail.js';
import type { LambdaTimeoutError } from '../report/lambda-timeout-error.js';
import { log, type TimeoutLogger } from '../report/logger.js';
import { callUserCode } from '../report/stack.js';
import { type DeadlineFacts, handlerTimedOut, hasTime } from '../report/timeout-report.js';
import { Attempt, type End, type UserCode } from './attempt.js';
import { callPart, passCallback } from './callbacks.js';
import { HandlerArguments } from './handler-arguments.js';
import { type GuardedClass, type Hook, isValueLost, LOST_VALUE } from './hook.js';
import { HookRun } from './hook-run.js';
import { factsOf, type GuardedHandler, type InvocationFacts } from './invocation-facts.js';
import { doNotWaitForAbandoned, readLambdaContext, warnOfContext } from './lambda-context.js';
import { CallerOutcome, type Outcome } from './outcome.js';

/**
 * Calls a decorated handler: as an invocation of its own, or as a part of the one that it is called in. A part throws what the
 * method throws: whoever has passed it a callback does not look at a promise.
 *
 * @param findClass - may throw
 */
export function invoke(
  handler: GuardedHandler,
  findClass: (self: unknown) => GuardedClass,
  self: unknown,
  args: unknown[],
): unknown {
  const lambda = readLambdaContext(args);
  const current = attempts.getStore();
  if (isPart(current, self, lambda.context)) return callPart(handler, self, args, lambda.index + 1);
  try {
    const guarded = findClass(self);
    if (lambda.problem !== undefined) {
      const owner = typeof self === 'function' ? self : (self?.constructor ?? guarded);
      warnOfContext(lambda.problem, Object(owner), guarded.handlerName, handler.logger);
    }
    const facts = factsOf(handler, guarded, lambda, { self, below: findBelow(current) });
    return start(facts, new HandlerArguments(args, lambda.index));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Does not see the event and the stream: a function in it would keep them in memory as long as the promise. */
function start(facts: InvocationFacts, args: HandlerArguments): Promise<unknown> {
  return new Promise((resolve, reject) => {
    new Invocation(facts, args, { resolve, reject }).start();
  });
}

/** Whether a call belongs to an invocation that is under way, since it has the same instance and the same context. */
function isPart(current: CurrentAttempt | undefined, self: unknown, context: unknown): boolean {
  for (let at = current; at; at = at.below) {
    const { inFlight } = at;
    if (inFlight && inFlight.self === self && inFlight.context === context && !isOver(at)) return true;
  }
  return false;
}

/** Finds the attempt that a call is made below. One that has ended in time has nothing to do with it any more. */
function findBelow(current: CurrentAttempt | undefined): CurrentAttempt | undefined {
  let at = current;
  while (at?.state === 'ended') at = at.below;
  return at;
}

/** The two ends of the promise that the caller of a handler receives. */
interface Caller {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/** What becomes of an invocation once its handler has ended. */
interface Aftermath {
  readonly outcome: CallerOutcome;
  readonly timeout: LambdaTimeoutError | undefined;
  /** In the order in which they run. */
  readonly hooks: readonly Hook[];
}

/**
 * One call of a decorated handler: runs the handler, logs that its deadline has come, runs the hooks, and settles. Each of
 * these is a step that runs alone, so that an interruption never ends more than one of them.
 */
class Invocation implements UserCode {
  readonly #facts: InvocationFacts;
  readonly #args: HandlerArguments;
  /** Undefined once the invocation has settled. */
  #caller: Caller | undefined;
  /** Undefined until the handler has ended, and once the invocation has settled. */
  #aftermath: Aftermath | undefined;

  constructor(facts: InvocationFacts, args: HandlerArguments, caller: Caller) {
    this.#facts = facts;
    this.#args = args;
    this.#caller = caller;
  }

  get name(): string {
    return this.#facts.handlerName;
  }

  get deadlineAtMs(): number {
    return this.#facts.deadlineAtMs;
  }

  get graceParts(): number {
    const { onTimeout, finally: always } = this.#facts.guarded;
    return onTimeout.length + always.length + 1;
  }

  get isResponseLost(): boolean {
    return this.#args.response?.isLost ?? false;
  }

  start(): void {
    const { below } = this.#facts;
    const attempt = new Attempt(this, this.#facts, below && !isOver(below) ? below.expiry : undefined);
    if (this.#args.response) this.#args.response.handler = attempt;
    const isAnswer = passCallback(this.#args, this.#facts.handler, attempt, below !== undefined);
    this.#facts.runAlone(() => {
      if (!hasTime(this.#facts)) attempt.expire();
      else attempt.run(isAnswer);
    });
  }

  call(attempt: Attempt): unknown {
    const { handler, inFlight } = this.#facts;
    return callUserCode(handler.method, (inFlight as InFlight).self, this.#args.for(attempt));
  }

  report(deadline: DeadlineFacts): LambdaTimeoutError {
    return handlerTimedOut(this.#facts, deadline);
  }

  onEnd(end: End): void {
    const { onTimeout, finally: always } = this.#facts.guarded;
    const { response } = this.#args;
    const outcome = new CallerOutcome(end.outcome, this.name);
    if (end.how === 'timed out') {
      const { error } = end;
      this.#aftermath = { outcome, timeout: error, hooks: [...onTimeout, ...always] };
      if (response) doNotWaitForAbandoned((this.#facts.inFlight as InFlight).context);
      response?.uncork();
      this.#log('error', messageOf(error), error);
    } else {
      this.#aftermath = { outcome, timeout: undefined, hooks: always };
      if (end.how === 'in grace') this.#logGrace(end.error);
    }
    this.#runHook(0);
  }

  #logGrace(error: LambdaTimeoutError): void {
    const lateByMs = Math.max(0, Math.round(performance.now() - this.deadlineAtMs));
    // Whoever has called the handler may end it. Otherwise Lambda waits for its end, and then kills the invocation.
    const stream = this.#args.response?.isOpen ? ', and left its response stream open' : '';
    this.#log('warn', `${this.name} ended ${lateByMs} ms past its deadline, in its grace${stream}`, error);
  }

  /** Logs in a step of its own: however slow the logger is, the next step comes. */
  #log(level: keyof TimeoutLogger, message: string, detail: unknown): void {
    const { runAlone, logger, stacks } = this.#facts;
    runAlone(() => asNobody(() => log(logger, level, message, detail, stacks)));
  }

  /** Runs the hook in this place and those after it, and then settles. */
  #runHook(index: number): void {
    this.#facts.runAlone(() => {
      const { hooks, outcome, timeout } = this.#aftermath as Aftermath;
      const hook = hooks[index];
      if (!hook) return this.#settle();
      // A copy: a hook that changes it must not change the outcome.
      const subject = hook.kind === 'finally' ? { ...outcome.current } : timeout;
      const call = { hook, subject, hooksLeft: hooks.length - index };
      const onEnd = (end: End): void => this.#onHookEnd(index, hook, end);
      new Attempt(new HookRun(call, this.#args, this.#facts, onEnd), this.#facts).run();
    });
  }

  #onHookEnd(index: number, hook: Hook, { how, outcome: ofHook }: End): void {
    const { name } = hook;
    const { outcome } = this.#aftermath as Aftermath;
    if (hook.kind === 'finally') outcome.conclude(ofHook);
    else if (hook === this.#facts.guarded.responder) outcome.respond(this.#judge(name, ofHook));
    if (ofHook.status === 'rejected') {
      this.#log('error', how === 'timed out' ? messageOf(ofHook.reason) : `${name} failed`, ofHook.reason);
    } else if (isValueLost(hook, ofHook.value)) {
      this.#log('warn', `${name} returned a value, which nobody receives`, LOST_VALUE);
    }
    this.#runHook(index + 1);
  }

  /** A hook that has destroyed its stream has made no response, whatever it returns. */
  #judge(name: string, answer: Outcome): Outcome {
    if (answer.status === 'rejected' || !this.isResponseLost) return answer;
    return { status: 'rejected', reason: new Error(`${name} destroyed its response stream`) };
  }

  #settle(): void {
    const caller = this.#caller as Caller;
    const { below } = this.#facts;
    const { outcome, timeout } = this.#aftermath as Aftermath;
    const { current } = outcome;
    if (timeout && current.status === 'fulfilled') this.#args.response?.end();
    // What the invocation leaves open may live much longer, and must not keep the event and the response in memory.
    this.#caller = undefined;
    this.#aftermath = undefined;
    this.#facts.inFlight = undefined;
    this.#args.release();
    this.#facts.timer.clear();
    if (current.status === 'fulfilled') caller.resolve(current.value);
    // Not in the context of a step: where the code that called has been interrupted, nobody waits for it.
    else if (below) attempts.run(below, () => caller.reject(current.reason));
    else caller.reject(current.reason);
  }
}
