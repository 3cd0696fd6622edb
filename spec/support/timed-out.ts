import type { LambdaTimeoutError } from '../../lib/index.js';
import { FakeContext } from './context.js';
import { expectRejection } from './expect-rejection.js';

/** Has the methods of a sinon clock that are needed here. */
interface Clock {
  tickAsync(ms: number): Promise<number>;
}

/** Calls a handler with a context of 3000 ms, lets all that time pass, and answers with its error. */
export async function timedOut(
  clock: Clock,
  handler: (event: never, context: FakeContext) => unknown,
): Promise<LambdaTimeoutError> {
  const rejection = expectRejection(handler('event' as never, new FakeContext(3000)));
  await clock.tickAsync(3000);
  return (await rejection) as LambdaTimeoutError;
}
