import sinon from 'sinon';
import { attempts } from '../../lib/deadline/current-attempt.js';
import { GracefulTimeout, LambdaTimeoutError, type PendingOperation } from '../../lib/index.js';
import { trackOperations } from '../../lib/operations/track-operations.js';
import { FakeContext } from './context.js';
import { expectRejection } from './expect-rejection.js';
import { gate } from './gate.js';
import { RecordingLogger } from './recording-logger.js';

const MARGIN_MS = 5000;
const DEADLINE_MS = 60_000;

/** Whether Node reports a request of `node:http` when it is made, and not only when it is sent. */
export const tellsOfRequestsEarly = !/^v(20|22\.([0-9]|1[01]))\./.test(process.version);

// Listens from now on. Otherwise that would begin in whichever spec comes first.
trackOperations(() => attempts.getStore());

/** Ends what a spec has started. */
export type CleanUp = () => unknown;

/**
 * Runs work in a handler. The deadline comes when the work is done: its timer is virtual, so it is never too early, and
 * the spec does not wait for it. All other time is real.
 *
 * @param work - starts something, and returns a function that ends it
 */
export async function timeOutAfter(
  work: () => Promise<CleanUp> | CleanUp,
  context = new FakeContext(DEADLINE_MS + MARGIN_MS),
): Promise<LambdaTimeoutError> {
  const done = gate();
  const released = gate();
  let cleanUp: CleanUp | undefined;
  class Orders {
    @GracefulTimeout({ marginMs: MARGIN_MS, logger: new RecordingLogger() })
    async handler(_event: unknown, _context: unknown): Promise<void> {
      await null; // from here on timers are real again
      cleanUp = await work();
      done.open();
      await released.opened;
      throw new Error('ends its grace, if it has any');
    }
  }
  const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const caller = expectRejection(new Orders().handler({}, context));
  clock.restore();
  await Promise.race([done.opened, caller]);
  clock.tick(DEADLINE_MS);
  released.open();
  try {
    const error = await caller;
    // An error of the work, for example a failed expectation, fails the spec.
    if (!(error instanceof LambdaTimeoutError)) throw error;
    return error;
  } finally {
    await cleanUp?.();
  }
}

/** Lists the operations that are pending after work, for example `GET http://127.0.0.1:1234`. */
export const operationsAfter = async (work: () => Promise<CleanUp> | CleanUp): Promise<string[]> =>
  namesOf((await timeOutAfter(work)).pending);

export const namesOf = (pending: readonly PendingOperation[]): string[] =>
  pending.map(({ operation }) => operation);
