import { bareOrCalled } from './bare-or-called.js';
import { recordHook } from './hooks.js';
import type { DualDecorator } from './member.js';
import { showGiven } from './misuse.js';

/**
 * Method decorator that {@link Finally} is, and that it returns. It takes a method whose parameters are the outcome, a
 * `PromiseSettledResult` of what the handler returns, and then those of the handler, or fewer of them.
 *
 * You need its name where you write down the type of a decorator of yours.
 *
 * @example
 * ```ts
 * import { Finally, type FinallyDecorator } from 'lambda-graceful-timeout';
 *
 * export const AfterEach: FinallyDecorator = Finally;
 * ```
 */
export interface FinallyDecorator
  extends DualDecorator<(outcome: PromiseSettledResult<never>, ...handlerArguments: never[]) => unknown> {}

/**
 * Method decorator that runs the method at the end of every invocation of the class's `@GracefulTimeout` handler,
 * whether it succeeded, failed or timed out.
 *
 * The method gets the outcome that the caller is about to receive, as a `PromiseSettledResult`, and then the
 * handler's arguments, on the same instance. It runs after all `@OnTimeout` hooks. What it returns is ignored.
 *
 * Each hook has an equal share of the time that is left until the reserve. A hook that overruns its share is abandoned,
 * and the next one starts. Hooks of superclasses run too, after those of the class. A hook that fails or is abandoned is
 * logged. It cannot change an error. But if the handler has succeeded, the invocation fails with the hook's error.
 *
 * @throws TypeError when the class is defined: not on a public or protected method, on a generator or the handler,
 * or called with an argument
 *
 * @example
 * ```ts
 * import { type FileHandle, open } from 'node:fs/promises';
 * import type { Context } from 'aws-lambda';
 * import { Finally, GracefulTimeout } from 'lambda-graceful-timeout';
 *
 * type Event = { id: string; lines: string[] };
 *
 * class Export {
 *   // By event: an instance may serve several invocations at once.
 *   readonly #files = new WeakMap<object, FileHandle>();
 *
 *   @GracefulTimeout(2000)
 *   public async handler(event: Event, _context: Context): Promise<void> {
 *     const file = await open(`/tmp/${event.id}.txt`, 'w');
 *     this.#files.set(event, file);
 *     for (const line of event.lines) await file.appendFile(line);
 *   }
 *
 *   @Finally
 *   protected async close(outcome: PromiseSettledResult<void>, event: Event): Promise<void> {
 *     await this.#files.get(event)?.close();
 *     console.log(`The export ${event.id} was ${outcome.status}.`);
 *   }
 * }
 * const lambda = new Export();
 * export const handler = lambda.handler.bind(lambda);
 * ```
 */
export const Finally: FinallyDecorator & (() => FinallyDecorator) = bareOrCalled<FinallyDecorator>(
  '@Finally',
  (member, options) => {
    if (options !== undefined) throw member.misuse('no argument', showGiven(options), 'Write `@Finally`.');
    recordHook(member, 'finally');
  },
);
