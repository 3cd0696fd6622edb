import type { AsyncResource } from 'node:async_hooks';

interface Step {
  readonly context: AsyncResource;
  readonly code: () => void;
}

/** Runs steps as macrotasks of their own, in the order in which they were given. */
export class MacrotaskQueue {
  readonly #steps: Step[] = [];
  // A message shares its turn with nothing, unlike a promise or an immediate.
  readonly #channel = new MessageChannel();

  constructor() {
    this.#channel.port1.on('message', () => this.#runNext());
    this.#channel.port1.unref();
    this.#channel.port2.unref();
  }

  run(context: AsyncResource, code: () => void): void {
    this.#steps.push({ context, code });
    // Else the process may end before the message arrives.
    this.#channel.port1.ref();
    this.#channel.port2.postMessage(undefined);
  }

  #runNext(): void {
    const step = this.#steps.shift();
    if (this.#steps.length === 0) this.#channel.port1.unref();
    step?.context.runInAsyncScope(step.code);
  }
}
