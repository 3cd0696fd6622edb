import { AsyncResource } from 'node:async_hooks';
import type { Writable } from 'node:stream';
import { attempted } from '../operations/attempted.js';
import type { Attempt } from './attempt.js';
import type { GuardedHandler } from './invocation-facts.js';
import { findResponseStream, limitTo, type ResponseStream } from './response-stream.js';

type Callback = (error?: unknown, value?: unknown) => void;

/** Whether what a method returns is its answer, or a promise of that. */
type IsAnswer = (result: unknown) => boolean;

const isSomething: IsAnswer = (result) => result !== undefined;

/** The request or the timer that calls back, which many callback handlers return, is no answer. */
const isPromiseOrPrimitive: IsAnswer = (result) =>
  result instanceof Promise || (result !== undefined && Object(result) !== result);

/** The callbacks of Lambda, as handlers get them: one may hand its own on to another handler. */
const callbacks = new WeakSet<object>();

/** What a callback settles. */
interface Settled {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** Hooks run in the context of whoever has called the handler, also where the callback is called in that of another request. */
function inContextOfCaller(attempt: Attempt): Settled {
  const caller = new AsyncResource('LambdaGracefulTimeout');
  return {
    resolve: (value) => caller.runInAsyncScope(() => attempt.resolve(value)),
    reject: (reason) => caller.runInAsyncScope(() => attempt.reject(reason)),
  };
}

/** @param next - the callback that was given, which is called too */
function callbackOf(settled: Settled, next?: Callback): Callback {
  const callback: Callback = (error, value) => {
    if (error === undefined || error === null) settled.resolve(value);
    else settled.reject(error);
    next?.(error, value);
  };
  callbacks.add(callback);
  return callback;
}

/** Whether a method ends by its promise, since it is declared `async`. */
const isAsync = (method: unknown): boolean =>
  Object.prototype.toString.call(method) === '[object AsyncFunction]';

/**
 * Calls a handler as a part of an invocation that is under way, as `super.handler(event, context)` does. If it takes a
 * callback and is given none, the caller waits for that.
 */
export function callPart(
  { method, parameters }: GuardedHandler,
  self: unknown,
  args: unknown[],
  contextIndex: number,
): unknown {
  const index = contextIndex + 1;
  if (parameters <= index || args[index] !== undefined || isAsync(method)) return method.apply(self, args);
  return new Promise((resolve, reject) => {
    const passed = [...args];
    passed[index] = callbackOf({ resolve, reject });
    const value = method.apply(self, passed);
    // A promise, so the parameter may be no callback.
    if (isSomething(value)) resolve(value);
  });
}

/**
 * The arguments of a handler, until its invocation has settled. What the invocation leaves open may live much longer, and
 * must not keep the event and the stream in memory.
 */
export class HandlerArguments {
  #args: unknown[];
  #stream: ResponseStream | undefined;
  /** What the attempt that runs has in place of the stream. */
  #limited: ResponseStream | undefined;
  #handler!: Attempt;
  readonly #contextIndex: number;
  readonly #corksBefore: number;

  constructor(args: unknown[], contextIndex: number) {
    this.#args = args;
    this.#contextIndex = contextIndex;
    this.#stream = findResponseStream(args, contextIndex);
    this.#corksBefore = corksOf(this.#stream);
  }

  get hasStream(): boolean {
    return this.#stream !== undefined;
  }

  /** The arguments for the code of an attempt. Its stream ignores the code after the cut-off. */
  for(attempt: Attempt): unknown[] {
    const stream = this.#stream;
    if (!stream) return this.#args;
    const handler = this.#handler;
    // A hook too must not destroy the response of a handler that has timed out.
    const limited = limitTo(attempt, stream, () => handler.isPastDeadline);
    this.#limited = limited;
    return this.#args.map((arg) => (arg === stream ? limited : arg));
  }

  /** Whether there is a response that has not ended. */
  get isResponseOpen(): boolean {
    return this.#stream?.writableEnded === false;
  }

  /** Whether the code that has run last has destroyed its stream before the end. What was written would pass for whole. */
  get isResponseLost(): boolean {
    return this.#limited?.destroyed === true && (this.#stream as ResponseStream).writableEnded !== true;
  }

  /**
   * Takes the attempt of the handler, and passes a callback to a method that takes one. Runtimes up to nodejs22.x pass a
   * callback themselves, later ones do not. The handler gets this one in both cases. What another handler passes that is no
   * callback of Lambda stays as it is.
   *
   * @param isBelow - whether another handler has called the method
   * @returns whether the method has ended if it returns this; undefined if it has whatever it returns
   */
  passCallback(
    { method, parameters }: GuardedHandler,
    isBelow: boolean,
    attempt: Attempt,
  ): IsAnswer | undefined {
    this.#handler = attempt;
    const index = this.#contextIndex + 1;
    const declaresCallback = parameters > index;
    const given = this.#args[index];
    const takesCallback =
      typeof given === 'function'
        ? !isBelow || callbacks.has(given)
        : given === undefined && declaresCallback && !(isBelow && isAsync(method));
    if (!takesCallback) return undefined;
    const next = isBelow ? (given as Callback | undefined) : undefined;
    this.#args[index] = callbackOf(inContextOfCaller(attempt), next);
    if (!declaresCallback) return undefined;
    return isBelow ? isSomething : isPromiseOrPrimitive;
  }

  /** Takes back each `cork()` of the abandoned handler. A response that ends corked loses the rest on Node 22 and 24. */
  uncorkResponse(): void {
    const stream = this.#stream as Pick<Writable, 'uncork'>;
    // A stream that cannot be uncorked must not keep the hooks from running.
    attempted(() => {
      for (let corks = corksOf(this.#stream); corks > this.#corksBefore; corks--) stream.uncork();
    });
  }

  /** Ends the response stream, if there is one and the hook that wrote to it has not ended it. */
  endResponse(): void {
    try {
      if (this.#stream && !this.#stream.writableEnded) this.#stream.end();
    } catch {
      // A stream that cannot end must not keep the invocation from settling.
    }
  }

  release(): void {
    this.#args = [];
    this.#stream = undefined;
    this.#limited = undefined;
  }
}

const corksOf = (stream: ResponseStream | undefined): number =>
  stream ? (attempted(() => stream.writableCorked) ?? 0) : 0;
