import { deadlineStorage, NoDeadline } from './attempt-deadline.js';

/** The moment by which the running code, a handler or a hook, has to be done. See {@link currentDeadline}. */
export interface Deadline {
  /** Aborts with the LambdaTimeoutError as its reason when the code is timed out. Made on first use. */
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
}

/**
 * Function that returns the deadline of the running invocation, anywhere below a handler that
 * `@GracefulTimeout` decorates and through any number of awaits.
 *
 * In a hook it is the hook's own deadline, the end of its share of the margin, with a fresh signal. Outside an
 * invocation, and in one that has no timeout, it never expires.
 *
 * @returns the deadline; it stays valid after an `await`, so one look-up serves a whole function
 *
 * @example
 * ```ts
 * import type { Context } from 'aws-lambda';
 * import { currentDeadline, GracefulTimeout } from 'lambda-graceful-timeout';
 *
 * class Mirror {
 *   @GracefulTimeout(3000)
 *   public async handler(event: { url: string }, _context: Context): Promise<string> {
 *     const response = await fetch(event.url, { signal: currentDeadline().signal });
 *     return response.text();
 *   }
 * }
 * const mirror = new Mirror();
 * export const handler = mirror.handler.bind(mirror);
 * ```
 *
 * @see https://nodejs.org/api/async_context.html#class-asynclocalstorage
 */
export const currentDeadline = (): Deadline => deadlineStorage.getStore() ?? new NoDeadline();
