import { AsyncResource } from 'node:async_hooks';

interface Step {
  readonly context: AsyncResource;
  readonly code: () => void;
}

/** Runs steps as macrotasks of their own, in the order in which they were given. */
export class MacrotaskQueue {
  // Two lists, because to take the first one of a long list costs much.
  #arriving: Step[] = [];
  /** The next one is the last one. */
  #leaving: Step[] = [];
  /** Called in place of a step while steps are held back. */
  #onHeld: (() => void) | undefined;
  // A message shares its turn with nothing, unlike a promise or an immediate.
  readonly #channel = new MessageChannel();

  constructor() {
    this.#channel.port1.on('message', () => {
      if (this.#onHeld) this.#onHeld();
      else this.#runNext();
    });
    this.#channel.port1.unref();
  }

  /** @param context - in which the step runs. No code may run in it, because Node may lose what it holds when that ends. */
  run(context: AsyncResource, code: () => void): void {
    this.#arriving.push({ context, code });
    // Else the process may end before the message arrives.
    this.#channel.port1.ref();
    this.#channel.port2.postMessage(undefined);
  }

  /**
   * Lets no step run until the queue is released.
   *
   * @param onHeld - called in a macrotask of its own, once or more often
   */
  hold(onHeld: () => void): void {
    this.#onHeld = onHeld;
    this.#channel.port2.postMessage(undefined);
  }

  release(): void {
    this.#onHeld = undefined;
    // In place of the messages that have come meanwhile.
    for (const _ of [...this.#leaving, ...this.#arriving]) this.#channel.port2.postMessage(undefined);
  }

  #runNext(): void {
    if (this.#leaving.length === 0) {
      this.#leaving = this.#arriving.reverse();
      this.#arriving = [];
    }
    const step = this.#leaving.pop();
    if (this.#leaving.length === 0 && this.#arriving.length === 0) this.#channel.port1.unref();
    step?.context
      .runInAsyncScope(() => new AsyncResource('LambdaGracefulTimeout'))
      .runInAsyncScope(step.code);
  }
}
