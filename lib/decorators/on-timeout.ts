import type { LambdaTimeoutError } from '../report/lambda-timeout-error.js';
import { bareOrCalled } from './bare-or-called.js';
import { recordHook } from './hooks.js';
import type { DualDecorator, Member } from './member.js';
import { checkOptionNames, showGiven } from './misuse.js';

/** Options of {@link OnTimeout}. */
export interface OnTimeoutOptions {
  /**
   * Whether what the hook returns is the response of the timed-out invocation, instead of its error. One hook in
   * a class can respond; a subclass's takes precedence. Default: `false`.
   */
  readonly respond?: boolean | undefined;
}

/**
 * Method decorator that {@link OnTimeout} is, and that it returns. It takes a method whose parameters are a
 * {@link LambdaTimeoutError} and then those of the handler, or fewer of them. It may return anything.
 *
 * You need its name where you write down what a function of yours returns.
 *
 * @example
 * ```ts
 * import { OnTimeout, type OnTimeoutDecorator } from 'lambda-graceful-timeout';
 *
 * export function Responds(): OnTimeoutDecorator {
 *   return OnTimeout({ respond: true });
 * }
 * ```
 */
export interface OnTimeoutDecorator
  extends DualDecorator<(error: LambdaTimeoutError, ...handlerArguments: never[]) => unknown> {}

/**
 * Method decorator that runs the method when an invocation of the class's `@GracefulTimeout` handler times out.
 *
 * The method gets the {@link LambdaTimeoutError} and then the handler's arguments, on the same instance. It runs after
 * the deadline's signal has aborted, the handler's grace has ended and the error has been logged, and before any
 * `@Finally` hook. It does not run when the handler fails in time, nor when it returns in its grace.
 *
 * Each hook has an equal share of the time that is left until the reserve. A hook that overruns its share is abandoned,
 * and the next one starts. Hooks of superclasses run too, after those of the class. A hook that fails or is abandoned is
 * logged. If it has `respond: true`, its error also becomes the `cause` of the {@link LambdaTimeoutError}. Without
 * `respond: true` nobody receives what the hook returns; a warning says so once.
 *
 * @param options - `respond: true` makes what the method returns the response; see {@link OnTimeoutOptions}
 * @throws TypeError when the class is defined: not on a public or protected method, on a generator or the handler,
 * an unknown option, or a second `respond: true` in the class
 *
 * @example
 * ```ts
 * import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
 * import { GracefulTimeout, OnTimeout } from 'lambda-graceful-timeout';
 *
 * class Search {
 *   @GracefulTimeout(1000)
 *   public async handler({ rawQueryString }: APIGatewayProxyEventV2, _context: Context) {
 *     return { statusCode: 200, body: rawQueryString };
 *   }
 *
 *   @OnTimeout({ respond: true })
 *   protected tooSlow() {
 *     return { statusCode: 504, body: 'Try a narrower search.' };
 *   }
 * }
 * const search = new Search();
 * export const handler = search.handler.bind(search);
 * ```
 */
export const OnTimeout: OnTimeoutDecorator & ((options?: OnTimeoutOptions) => OnTimeoutDecorator) =
  bareOrCalled<OnTimeoutDecorator>('@OnTimeout', (member, options) =>
    recordHook(member, 'onTimeout', readRespond(member, options)),
  );

function readRespond(member: Member, options: unknown = {}): boolean {
  const advice = 'Write `@OnTimeout` or `@OnTimeout({ respond: true })`.';
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw member.misuse('an object with options', showGiven(options), advice);
  }
  checkOptionNames(member.misuse, options, ['respond']);
  const { respond = false } = options as { respond?: unknown };
  if (typeof respond !== 'boolean')
    throw member.misuse('`respond` to be a boolean', showGiven(respond), advice);
  return respond;
}
