import type { LambdaTimeoutError } from '../../lib/index.js';
import { FakeContext } from './context.js';
import { expectRejection } from './expect-rejection.js';

/** The part of a sinon clock that is needed here. */
interface Clock {
  tickAsync(ms: number): Promise<number>;
}

/** Calls a handler with a context of 3000 ms, lets this time pass, and returns the error of the handler. */
export async function timedOut(
  clock: Clock,
  handler: (event: never, context: FakeContext) => unknown,
): Promise<LambdaTimeoutError> {
  const rejection = expectRejection(handler('event' as never, new FakeContext(3000)));
  await clock.tickAsync(3000);
  return (await rejection) as LambdaTimeoutError;
}
