import { setImmediate as turn } from 'node:timers/promises';
import sinon from 'sinon';
import { currentDeadline, GracefulTimeout, type LambdaTimeoutError, OnTimeout } from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { RecordingLogger } from '../support/recording-logger.js';

/** The result of work that is cut off at its deadline. */
export interface CutOff {
  /** What the caller of the handler received. */
  readonly error: LambdaTimeoutError;
  /** What the work rejected with when its signal had aborted. */
  readonly rejection: Error;
  /** What was logged after the timeout itself. */
  readonly warnings: readonly string[];
}

const MARGIN_MS = 5000;
const DEADLINE_MS = 60_000;

/**
 * Runs work in a handler. The deadline comes when the work hangs: its timer is virtual, so it is never too early, and the
 * spec does not wait for it. All other time is real. Mocha fails the spec if a rejection is not handled.
 */
export async function cutOff(
  work: (signal: AbortSignal) => Promise<unknown>,
  hanging: Promise<void>,
  hook: () => unknown = () => {},
): Promise<CutOff> {
  const logger = new RecordingLogger();
  let rejection: Promise<unknown> | undefined;
  class Orders {
    @GracefulTimeout({ marginMs: MARGIN_MS, logger })
    async handler(_event: unknown, _context: unknown): Promise<void> {
      await null; // from here on timers are real again
      const working = work(currentDeadline().signal);
      rejection = expectRejection(working);
      await working;
    }

    @OnTimeout
    protected report(): unknown {
      return hook();
    }
  }
  const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const caller = expectRejection(new Orders().handler({}, new FakeContext(DEADLINE_MS + MARGIN_MS)));
  clock.restore();
  await hanging;
  clock.tick(DEADLINE_MS);
  const error = (await caller) as LambdaTimeoutError;
  const late = (await rejection) as Error;
  await turn(); // until the rejection has passed through the handler
  return { error, rejection: late, warnings: logger.messages.slice(1) };
}
