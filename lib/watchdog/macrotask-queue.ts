import { AsyncResource } from 'node:async_hooks';

/** A step and the async context in which it was given. */
class Step extends AsyncResource {
  constructor(readonly code: () => void) {
    super('LambdaGracefulTimeout');
  }
}

/** Runs steps as macrotasks of their own, in the order and in the async contexts in which they were given. */
export class MacrotaskQueue {
  readonly #steps: Step[] = [];
  // A message shares its turn with nothing, unlike a promise or an immediate.
  readonly #channel = new MessageChannel();

  constructor() {
    this.#channel.port1.on('message', () => this.#runNext());
    this.#channel.port1.unref();
    this.#channel.port2.unref();
  }

  run(step: () => void): void {
    this.#steps.push(new Step(step));
    // Else the process may end before the message arrives.
    this.#channel.port1.ref();
    this.#channel.port2.postMessage(undefined);
  }

  #runNext(): void {
    const step = this.#steps.shift();
    if (this.#steps.length === 0) this.#channel.port1.unref();
    step?.runInAsyncScope(step.code);
  }
}
