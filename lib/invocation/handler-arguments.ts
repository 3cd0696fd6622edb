import type { Attempt } from './attempt.js';
import { StreamedResponse } from './streamed-response.js';

/**
 * The arguments of a handler, until its invocation has settled. What the invocation leaves open may live much longer, and
 * must not keep the event and the stream in memory.
 */
export class HandlerArguments {
  #args: unknown[];
  /** Where a handler declares its callback. */
  readonly callbackIndex: number;
  /** Undefined if the handler does not stream, and once the invocation has settled. */
  response: StreamedResponse | undefined;

  constructor(args: unknown[], contextIndex: number) {
    this.#args = args;
    this.callbackIndex = contextIndex + 1;
    this.response = StreamedResponse.find(args, contextIndex);
  }

  get callback(): unknown {
    return this.#args[this.callbackIndex];
  }

  set callback(callback: unknown) {
    this.#args[this.callbackIndex] = callback;
  }

  /** The arguments for the code of an attempt. Its stream ignores the code after the cut-off. */
  for(attempt: Attempt): unknown[] {
    return this.response?.replaceIn(this.#args, attempt) ?? this.#args;
  }

  release(): void {
    this.#args = [];
    this.response = undefined;
  }
}
