import type { Operations } from '../operations/operations.js';
import type { Expiry } from './expiry.js';

/**
 * The moment at which the time of the running code, a handler or a hook, is over. See {@link currentDeadline}.
 *
 * @example
 * ```ts
 * import { currentDeadline } from 'lambda-graceful-timeout';
 *
 * type Copy = (key: string) => Promise<void>;
 *
 * export async function copyAll(keys: string[], copy: Copy): Promise<string[]> {
 *   const deadline = currentDeadline();
 *   const copied: string[] = [];
 *   for (const key of keys) {
 *     if (deadline.remainingMs() < 500) break; // not enough for another one
 *     await deadline.race(copy(key));
 *     copied.push(key);
 *   }
 *   return copied;
 * }
 * ```
 */
export interface Deadline {
  /** Aborts at the deadline, with the {@link LambdaTimeoutError} as its reason. Never aborts outside an invocation. */
  readonly signal: AbortSignal;
  /**
   * Whether the deadline has passed. Reads the clock, so it changes also in a loop that never awaits. Once the code has ended
   * in time, its deadline never comes, also for what it has left running.
   */
  readonly expired: boolean;
  /**
   * Time until the deadline in ms, with a fraction; 0 once it has passed; `Infinity` outside an invocation, and once the code
   * has ended in time.
   */
  remainingMs(): number;
  /**
   * Throws if the deadline has passed. Reads the clock, so it works also in a loop that never awaits.
   * @throws {@link LambdaTimeoutError} from the deadline on; if the handler does not catch it, the invocation times out
   */
  throwIfExpired(): void;
  /**
   * Waits for a promise until the deadline. For calls that take no signal: the call itself is not cancelled, and how it
   * ends after the deadline is ignored. Outside an invocation it returns the promise itself.
   * @param promise - what to wait for; a value that is no promise counts as one that has fulfilled
   * @param name - what the {@link LambdaTimeoutError} calls it, if it is pending at the deadline. Default: `promise`
   * @returns a promise that settles as the given one does
   * @throws {@link LambdaTimeoutError} (the promise rejects with it) at the deadline, or at once if that has passed
   */
  race<Value>(promise: Value | PromiseLike<Value>, name?: string): Promise<Awaited<Value>>;
}

/** The deadline of some code. User code that holds it can reach nothing else of the attempt. */
export class AttemptDeadline implements Deadline {
  readonly #expiry: Expiry;
  readonly #operations: () => Operations | undefined;

  /** @param operations - where a `race()` is noted */
  constructor(expiry: Expiry, operations: () => Operations | undefined) {
    this.#expiry = expiry;
    this.#operations = operations;
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

  race<Value>(promise: Value | PromiseLike<Value>, name?: string): Promise<Awaited<Value>> {
    const expiry = this.#expiry;
    const settled = Promise.resolve(promise) as Promise<Awaited<Value>>;
    if (expiry.expired) {
      settled.catch(() => {}); // nobody else may wait for it
      return Promise.reject(expiry.errorBelow(this.race));
    }
    const operations = this.#operations();
    return new Promise((resolve, reject) => {
      expiry.wait(reject);
      operations?.begin(reject, () => ({ operation: name ? String(name) : 'promise' }), this.race);
      const stop = (): void => {
        expiry.stopWaiting(reject);
        operations?.end(reject);
      };
      // Also after the deadline: otherwise a rejection of the promise would be unhandled.
      settled.then(
        (value) => {
          stop();
          resolve(value);
        },
        (reason) => {
          stop();
          reject(reason);
        },
      );
    });
  }
}

/** The deadline outside an invocation, which never comes. Each call makes one, so that no listeners pile up on its signal. */
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
