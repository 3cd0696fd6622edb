import { attempts } from './current-attempt.js';
import { type Deadline, NoDeadline } from './deadline.js';

/**
 * Function that returns the deadline of the running invocation, anywhere below a handler that
 * `@GracefulTimeout` decorates and through any number of awaits.
 *
 * A handler that has called it has grace when its deadline comes: an equal share of the time that is left for the hooks,
 * in which it can still clean up and answer. In a hook it is the hook's own deadline, the end of its share of the margin,
 * with a fresh signal and without grace. Outside an invocation, and in one that has no timeout, it never expires.
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
export const currentDeadline = (): Deadline => attempts.getStore()?.askForDeadline() ?? new NoDeadline();
