import type { Writable } from 'node:stream';
import { attempted } from '../operations/attempted.js';
import type { Attempt } from './attempt.js';
import { findResponseStream, limitTo, type ResponseStream } from './response-stream.js';

/** The response of a handler that streams it, from the start of the invocation to its end. */
export class StreamedResponse {
  /** The attempt of the handler. */
  handler!: Attempt;
  readonly #stream: ResponseStream;
  readonly #corksBefore: number;
  /** What the attempt that runs has in place of the stream. */
  #limited: ResponseStream | undefined;

  private constructor(stream: ResponseStream) {
    this.#stream = stream;
    this.#corksBefore = corksOf(stream);
  }

  /** Finds the response of `(event, responseStream, context)`. */
  static find(args: readonly unknown[], contextIndex: number): StreamedResponse | undefined {
    const stream = findResponseStream(args, contextIndex);
    return stream && new StreamedResponse(stream);
  }

  /** Replaces the stream in the arguments by one for the code of an attempt. */
  replaceIn(args: readonly unknown[], attempt: Attempt): unknown[] {
    const { handler } = this;
    // A hook too must not destroy the response of a handler that has timed out.
    const limited = limitTo(attempt, this.#stream, () => handler.isPastDeadline);
    this.#limited = limited;
    return args.map((arg) => (arg === this.#stream ? limited : arg));
  }

  get isOpen(): boolean {
    return this.#stream.writableEnded === false;
  }

  /** Whether the code that has run last has destroyed its stream before the end. What was written would pass for whole. */
  get isLost(): boolean {
    return this.#limited?.destroyed === true && this.#stream.writableEnded !== true;
  }

  /** Takes back each `cork()` of the abandoned handler. A response that ends corked loses the rest on Node 22 and 24. */
  uncork(): void {
    const stream = this.#stream as Pick<Writable, 'uncork'>;
    // A stream that cannot be uncorked must not keep the hooks from running.
    attempted(() => {
      for (let corks = corksOf(this.#stream); corks > this.#corksBefore; corks--) stream.uncork();
    });
  }

  /** Ends the stream, if the hook that wrote to it has not ended it. */
  end(): void {
    // A stream that cannot end must not keep the invocation from settling.
    attempted(() => this.#stream.writableEnded || this.#stream.end());
  }
}

const corksOf = (stream: ResponseStream): number => attempted(() => stream.writableCorked) ?? 0;
