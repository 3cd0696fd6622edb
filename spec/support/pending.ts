import sinon from 'sinon';
import { GracefulTimeout, LambdaTimeoutError, type PendingOperation } from '../../lib/index.js';
import { FakeContext } from './context.js';
import { expectRejection } from './expect-rejection.js';
import { gate } from './gate.js';
import { RecordingLogger } from './recording-logger.js';

const MARGIN_MS = 5000;
const DEADLINE_MS = 60_000;

/** Whether Node tells of a request of `node:http` when it is made, and not only when it is on its way. */
export const tellsOfRequestsEarly = !/^v20\./.test(process.version);

/** Ends what a spec has left hanging. */
export type CleanUp = () => unknown;

/**
 * Runs work in a handler, and has the deadline come when the work is done. The timer of the deadline is virtual, so that it
 * is neither too early nor waited for; all other time is real.
 *
 * @param work - begins something, and returns what ends it
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
    // What has failed in the work, an expectation perhaps, fails the spec.
    if (!(error instanceof LambdaTimeoutError)) throw error;
    return error;
  } finally {
    await cleanUp?.();
  }
}

/** Lists what an error says is pending after work: `GET http://127.0.0.1:1234`, say. */
export const operationsAfter = async (work: () => Promise<CleanUp> | CleanUp): Promise<string[]> =>
  namesOf((await timeOutAfter(work)).pending);

export const namesOf = (pending: readonly PendingOperation[]): string[] =>
  pending.map(({ operation }) => operation);
