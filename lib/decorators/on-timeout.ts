import type { LambdaTimeoutError } from '../report/lambda-timeout-error.js';
import { recordHook } from './hooks.js';
import { bareOrCalled, checkOptionNames, type DualDecorator, type Member, showGiven } from './member.js';

/** Options of {@link OnTimeout}. */
export interface OnTimeoutOptions {
  /**
   * Whether what the hook returns is the response of the timed-out invocation, instead of its error. One hook in
   * a class can respond; a subclass's takes precedence. Default: `false`.
   */
  readonly respond?: boolean;
}

/** A method that can take the error and the handler's arguments, or fewer of them. */
type TimeoutHook = (error: LambdaTimeoutError, ...handlerArguments: never[]) => unknown;

interface OnTimeoutDecorator extends DualDecorator<TimeoutHook> {
  (options?: OnTimeoutOptions): DualDecorator<TimeoutHook>;
}

/**
 * Method decorator that runs the method when an invocation of the class's `@GracefulTimeout` handler times out.
 *
 * The method gets the {@link LambdaTimeoutError} and then the handler's arguments, on the same instance. It runs
 * after the error has been logged and the deadline's signal has aborted, before any `@Finally` hook, and has an
 * equal share of the time that is left until the reserve; a hook that overruns its share is abandoned. It does
 * not run for a handler that fails for another reason. Hooks of superclasses run too, after those of the class.
 *
 * @param options - `respond: true` makes what the method returns the response; see {@link OnTimeoutOptions}
 * @throws TypeError when the class is defined: not on a public or protected method, an unknown option, a
 * second `respond: true` in the class
 *
 * @example
 * ```ts
 * import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
 * import { GracefulTimeout, OnTimeout } from 'lambda-graceful-timeout';
 *
 * class Search {
 *   @GracefulTimeout(1000)
 *   public async handler(event: APIGatewayProxyEventV2, _context: Context): Promise<APIGatewayProxyStructuredResultV2> {
 *     return { statusCode: 200, body: event.rawQueryString };
 *   }
 *
 *   @OnTimeout({ respond: true })
 *   protected tooSlow(): APIGatewayProxyStructuredResultV2 {
 *     return { statusCode: 504, body: 'Try a narrower search.' };
 *   }
 * }
 * const search = new Search();
 * export const handler = search.handler.bind(search);
 * ```
 */
export const OnTimeout: OnTimeoutDecorator = bareOrCalled<TimeoutHook>('@OnTimeout', (member, options) =>
  recordHook(member, 'onTimeout', readRespond(member, options)),
);

function readRespond(member: Member, options: unknown = {}): boolean {
  const mend = 'Write `@OnTimeout` or `@OnTimeout({ respond: true })`.';
  if (typeof options !== 'object' || options === null) {
    throw member.misuse('an object with options', showGiven(options), mend);
  }
  checkOptionNames(member, options, ['respond']);
  const { respond = false } = options as { respond?: unknown };
  if (typeof respond !== 'boolean')
    throw member.misuse('`respond` to be a boolean', showGiven(respond), mend);
  return respond;
}
