import { attempts, NO_ATTEMPT } from './current-attempt.js';
import type { Deadline } from './deadline.js';

/**
 * Function that returns the deadline of the running invocation, anywhere below a handler that
 * `@GracefulTimeout` decorates and through any number of awaits.
 *
 * Calling it gives the handler grace: when its deadline comes, the handler still has the time that is left until the
 * reserve, divided by the number of hooks + 1, to clean up and to answer. It must be called before the deadline.
 *
 * In a hook it returns the hook's own deadline, the end of its share of the margin, with a signal of its own. A hook has
 * no grace. Outside an invocation, and in one that has no timeout, the deadline never comes.
 *
 * @returns the deadline; it stays valid after an `await`, so one call is enough for a whole function
 *
 * @example
 * ```ts
 * import type { Context } from 'aws-lambda';
 * import { currentDeadline, GracefulTimeout } from 'lambda-graceful-timeout';
 *
 * class Mirror {
 *   @GracefulTimeout(1000)
 *   public async handler({ url }: { url: string }, _context: Context): Promise<string> {
 *     const response = await fetch(url, { signal: currentDeadline().signal });
 *     if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
 *     return response.text();
 *   }
 * }
 * const mirror = new Mirror();
 * export const handler = mirror.handler.bind(mirror);
 * ```
 *
 * @see https://nodejs.org/api/async_context.html#class-asynclocalstorage
 */
export const currentDeadline = (): Deadline => (attempts.getStore() ?? NO_ATTEMPT).askForDeadline();
