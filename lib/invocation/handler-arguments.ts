import type { Writable } from 'node:stream';
import { attempted } from '../operations/attempted.js';
import type { Attempt } from './attempt.js';
import {
  callbackOf,
  type IsAnswer,
  inContextOfCaller,
  isPromiseOrPrimitive,
  isSomething,
  takesCallback,
} from './callbacks.js';
import type { GuardedHandler } from './invocation-facts.js';
import { findResponseStream, limitTo, type ResponseStream } from './response-stream.js';

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
   * Takes the attempt of the handler, and passes a callback to a method that takes one.
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
    const given = this.#args[index];
    const isDeclared = parameters > index;
    if (!takesCallback(method, given, isDeclared, isBelow)) return undefined;
    this.#args[index] = callbackOf(inContextOfCaller(attempt), isBelow ? given : undefined);
    if (!isDeclared) return undefined;
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
