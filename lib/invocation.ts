import { Attempt, type Outcome } from './attempt.js';
import { AttemptDeadline, deadlineStorage, type InvocationIdentity } from './attempt-deadline.js';
import { runHooks } from './hook-runner.js';
import type { Hooks } from './hooks.js';
import { type LambdaContext, readLambdaContext } from './lambda-context.js';
import type { LambdaTimeoutError } from './lambda-timeout-error.js';
import { log, type TimeoutLogger } from './logger.js';
import { memberName } from './member-name.js';
import {
  doNotWaitForAbandoned,
  findResponseStream,
  limitTo,
  type ResponseStream,
} from './response-stream.js';
import { handlerTimedOut } from './timeout-report.js';
import type { Watchdog } from './watchdog/watchdog.js';

/** A decorated handler and what its decorator was told. */
export interface GuardedHandler {
  readonly key: string | symbol;
  readonly method: (...args: unknown[]) => unknown;
  readonly marginMs: number;
  readonly reserveMs: number;
  readonly logger: TimeoutLogger;
  readonly preempt: boolean;
  readonly watchdog: Watchdog;
}

/** Calls a decorated handler: as an invocation of its own, or as a part of the one that it is called in. */
export function invoke(handler: GuardedHandler, hooks: Hooks, self: unknown, args: unknown[]): unknown {
  const lambda = readLambdaContext(args);
  const outer = deadlineStorage.getStore()?.invocation;
  const isPart = outer !== undefined && outer.self === self && outer.context === lambda.context;
  return isPart ? handler.method.apply(self, args) : new Invocation(handler, hooks, self, args, lambda).run();
}

const warnedClasses = new WeakSet<object>();

/** One call of a decorated handler, from its timer to the outcome that its caller receives. */
export class Invocation implements InvocationIdentity {
  readonly context: unknown;
  readonly startedAtMs = performance.now();
  readonly hardDeadlineAtMs: number;
  readonly deadline: AttemptDeadline;
  /** Whether the margin left the handler any time at all. */
  readonly hadTime: boolean;
  readonly #responseStream: ResponseStream | undefined;

  constructor(
    readonly handler: GuardedHandler,
    readonly hooks: Hooks,
    readonly self: unknown,
    private args: unknown[],
    readonly lambda: LambdaContext,
  ) {
    this.context = lambda.context;
    this.hardDeadlineAtMs = this.startedAtMs + lambda.remainingMs;
    this.hadTime = lambda.remainingMs > handler.marginMs;
    this.deadline = new AttemptDeadline(this.hardDeadlineAtMs - handler.marginMs, this, () =>
      handlerTimedOut(this),
    );
    this.#responseStream = findResponseStream(args, lambda.index);
  }

  run(): Promise<unknown> {
    if (this.lambda.problem !== undefined) this.#warnOnce(this.lambda.problem);
    return new Promise((resolve, reject) => {
      const settle = (outcome: Outcome): void => {
        // What the invocation has left behind may keep its deadline, but need not keep the event with it.
        this.args = [];
        if (outcome.status === 'fulfilled') resolve(outcome.value);
        else reject(outcome.reason);
      };
      this.#callHandler((outcome) => {
        const isTimeout = outcome.status === 'rejected' && this.deadline.isOwnError(outcome.reason);
        const timeout = isTimeout ? this.deadline.error : undefined;
        if (timeout) this.#timeOut(timeout);
        const hooksLeft = this.hooks.finally.length + (timeout ? this.hooks.onTimeout.length : 0);
        if (hooksLeft > 0) runHooks(this, outcome, timeout).then(settle, reject);
        // Behind the steps of the timeout, whose listeners may block.
        else if (timeout) this.handler.watchdog.runAlone(() => settle(outcome));
        else settle(outcome);
      });
    });
  }

  /** The arguments for code that has this deadline. */
  argumentsFor(deadline: AttemptDeadline): unknown[] {
    const stream = this.#responseStream;
    return stream ? this.args.map((arg) => (arg === stream ? limitTo(deadline, stream) : arg)) : this.args;
  }

  /** Ends what a hook has written to the response stream, if there is one and the hook has not. */
  endResponse(): void {
    const stream = this.#responseStream;
    if (stream && !stream.writableEnded) stream.end();
  }

  /** Makes what logs an error that came after its code had ended, unless that is just how the code heeds its signal. */
  lateRejectionOf(name: string, deadline: AttemptDeadline): (reason: unknown) => void {
    return (reason) => {
      if (deadline.isHeededBy(reason)) return;
      // In the message, since the runtime would add the id of the request that runs by then.
      const { requestId = 'of no id' } = this.lambda;
      const message = `${name} rejected late, after it had ended, in request ${requestId}`;
      log(this.handler.logger, 'warn', message, reason);
    };
  }

  #callHandler(end: (outcome: Outcome) => void): void {
    const { key, method, watchdog } = this.handler;
    const onLateRejection = this.lateRejectionOf(memberName(this.self, key), this.deadline);
    const attempt = new Attempt(this.deadline, watchdog, end, onLateRejection);

    // Runtimes up to nodejs22.x pass a callback and later ones do not; the handler gets this one from either.
    const index = this.lambda.index + 1;
    const declaresCallback = method.length > index;
    const passed = typeof this.args[index];
    const takesCallback = passed === 'function' || (passed === 'undefined' && declaresCallback);
    if (takesCallback) {
      this.args[index] = (error?: unknown, value?: unknown) =>
        error === undefined || error === null ? attempt.resolve(value) : attempt.reject(error);
    }
    if (!this.hadTime) attempt.reject(this.deadline.error);
    else {
      const call = () => method.apply(this.self, this.argumentsFor(this.deadline));
      attempt.run(call, takesCallback && declaresCallback);
    }
  }

  #timeOut(error: LambdaTimeoutError): void {
    const { logger, watchdog } = this.handler;
    watchdog.runAlone(() => log(logger, 'error', error.message, error));
    watchdog.runAlone(() => this.deadline.pass());
    if (this.#responseStream) doNotWaitForAbandoned(this.context);
  }

  #warnOnce(problem: string): void {
    const { handler, self } = this;
    const owner = Object(typeof self === 'function' ? self : (self?.constructor ?? handler));
    if (warnedClasses.has(owner)) return;
    warnedClasses.add(owner);
    log(handler.logger, 'warn', `${memberName(self, handler.key)} runs without a timeout`, problem);
  }
}
