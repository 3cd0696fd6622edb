import type { Expiry } from './expiry.js';

/** The moment by which the running code, a handler or a hook, has to be done. See {@link currentDeadline}. */
export interface Deadline {
  /** Aborts at the deadline, with the LambdaTimeoutError as its reason. Made on first use. */
  readonly signal: AbortSignal;
  /** Whether the deadline has passed. Reads the clock, so it changes even in a loop that never yields. */
  readonly expired: boolean;
  /** Time until the deadline in ms, as a fraction, never below 0; `Infinity` outside an invocation. */
  remainingMs(): number;
  /**
   * Does nothing before the deadline.
   * @throws {@link LambdaTimeoutError} from the deadline on: rethrown by the handler, it times the invocation out.
   */
  throwIfExpired(): void;
  /**
   * Waits for a promise until the deadline: for a driver that takes no signal. What the promise stands for goes on, and
   * how it ends later is ignored. Outside an invocation this is the promise itself.
   * @returns a promise that settles as the given one does
   * @throws {@link LambdaTimeoutError} (the promise rejects with it) at the deadline, or at once if that has passed
   */
  race<Value>(promise: Value | PromiseLike<Value>): Promise<Awaited<Value>>;
}

/** The deadline of one attempt, through which user code can reach nothing else of it. */
export class AttemptDeadline implements Deadline {
  readonly #expiry: Expiry;

  constructor(expiry: Expiry) {
    this.#expiry = expiry;
  }

  get signal(): AbortSignal {
    return this.#expiry.signal;
  }

  get expired(): boolean {
    return this.#expiry.expired;
  }

  remainingMs(): number {
    return this.#expiry.remainingMs();
  }

  throwIfExpired(): void {
    if (this.#expiry.expired) throw this.#expiry.errorBelow(this.throwIfExpired);
  }

  race<Value>(promise: Value | PromiseLike<Value>): Promise<Awaited<Value>> {
    const { signal } = this.#expiry;
    return new Promise((resolve, reject) => {
      const onDeadline = () => reject(signal.reason);
      if (this.#expiry.expired) reject(this.#expiry.errorBelow(this.race));
      else signal.addEventListener('abort', onDeadline, { once: true });
      // Also where it is too late: the promise must not be left unhandled.
      const stopListening = () => signal.removeEventListener('abort', onDeadline);
      Promise.resolve(promise).then(resolve, reject).then(stopListening);
    });
  }
}

/** The deadline outside an invocation; a new one each time, lest listeners pile up on a signal for good. */
export class NoDeadline implements Deadline {
  readonly signal: AbortSignal = new AbortController().signal;
  readonly expired = false;

  remainingMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  throwIfExpired(): void {}

  race<Value>(promise: Value | PromiseLike<Value>): Promise<Awaited<Value>> {
    return Promise.resolve(promise) as Promise<Awaited<Value>>;
  }
}
