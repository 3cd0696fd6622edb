import type { Attempt } from './attempt.js';
import { findResponseStream, limitTo, type ResponseStream } from './response-stream.js';

/**
 * The arguments with which a handler was called, until its invocation has settled. What the invocation has left open may
 * outlive it for long, and must not keep its event and its stream in memory.
 */
export class HandlerArguments {
  #args: unknown[];
  #stream: ResponseStream | undefined;
  readonly #contextIndex: number;

  constructor(args: unknown[], contextIndex: number) {
    this.#args = args;
    this.#contextIndex = contextIndex;
    this.#stream = findResponseStream(args, contextIndex);
  }

  get hasStream(): boolean {
    return this.#stream !== undefined;
  }

  /** The arguments for the code of an attempt, with a stream that is closed to it after its cut-off. */
  for(attempt: Attempt): unknown[] {
    const stream = this.#stream;
    return stream ? this.#args.map((arg) => (arg === stream ? limitTo(attempt, stream) : arg)) : this.#args;
  }

  /**
   * Passes a callback to a method that takes one. Runtimes up to nodejs22.x pass one themselves and later ones do not; the
   * handler gets this one from either.
   *
   * @returns whether the method ends by its callback alone
   */
  passCallback(method: (...args: never) => unknown, attempt: Attempt): boolean {
    const index = this.#contextIndex + 1;
    const declaresCallback = method.length > index;
    const passed = typeof this.#args[index];
    const takesCallback = passed === 'function' || (passed === 'undefined' && declaresCallback);
    if (takesCallback) {
      this.#args[index] = (error?: unknown, value?: unknown) =>
        error === undefined || error === null ? attempt.resolve(value) : attempt.reject(error);
    }
    return takesCallback && declaresCallback;
  }

  /** Ends what a hook has written to the response stream, if there is one and the hook has not. */
  endResponse(): void {
    if (this.#stream && !this.#stream.writableEnded) this.#stream.end();
  }

  release(): void {
    this.#args = [];
    this.#stream = undefined;
  }
}
