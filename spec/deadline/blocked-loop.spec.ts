import { expect } from 'chai';
import { currentDeadline, Finally, GracefulTimeout, LambdaTimeoutError, OnTimeout } from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { RecordingLogger } from '../support/recording-logger.js';

/** Blocks the event loop, so that no timer can fire. */
const block = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

describe('a handler that blocks the event loop past its deadline', () => {
  let logger: RecordingLogger;
  let ran: string[];

  beforeEach(() => {
    logger = new RecordingLogger();
    ran = [];
  });

  /** Runs work with a deadline after 20 ms and a hard deadline after 520 ms. */
  const invoke = (work: () => unknown): Promise<unknown> => {
    class Orders {
      @GracefulTimeout({ marginMs: 500, logger })
      async handler(_event: unknown, _context: FakeContext): Promise<unknown> {
        return work();
      }

      @OnTimeout
      protected report(): void {
        ran.push('report');
      }

      @Finally
      protected close(): void {
        ran.push('close');
      }
    }
    return new Orders().handler({}, new FakeContext(520));
  };

  it('is in time if it settles before the timeout is noticed (R11)', async () => {
    const result = await invoke(() => {
      block(40);
      return 'done';
    });
    expect(result).to.equal('done');
    expect(ran).to.deep.equal(['close']);
  });

  it('times out as soon as the event loop is free again', async () => {
    const error = await expectRejection(
      invoke(async () => {
        block(40);
        await new Promise((resolve) => setTimeout(resolve, 2000).unref());
      }),
    );
    expect(error).to.be.instanceOf(LambdaTimeoutError);
    expect((error as LambdaTimeoutError).lateByMs).to.be.within(18, 99);
    expect((error as LambdaTimeoutError).elapsedMs).to.be.within(39, 120);
    expect((error as LambdaTimeoutError).message).not.to.include('blocked');
    expect(ran).to.deep.equal(['report', 'close']);
  });

  it('times out with a message that says how long it blocked, if that was long (R23)', async () => {
    const error = (await expectRejection(
      invoke(async () => {
        block(150);
        await new Promise((resolve) => setTimeout(resolve, 2000).unref());
      }),
    )) as LambdaTimeoutError;
    expect(error.lateByMs).to.be.within(129, 300);
    expect(error.message).to.match(
      /^Orders\.handler timed out \d+ ms before the Lambda deadline, after \d+ ms; the event loop was blocked for the last \d+ ms, which the option `preempt` would have ended$/,
    );
  });

  it('can check its deadline itself, and times out by `throwIfExpired()` (R12, R24)', async () => {
    let aborted: boolean | undefined;
    const error = await expectRejection(
      invoke(() => {
        const deadline = currentDeadline();
        expect(deadline.expired).to.equal(false);
        deadline.signal.addEventListener('abort', () => ran.push('abort'));
        for (let steps = 0; steps < 1e12; steps++) {
          aborted = deadline.signal.aborted;
          deadline.throwIfExpired();
        }
      }),
    );
    expect(error).to.be.instanceOf(LambdaTimeoutError);
    // What is left, since the process may have been off the CPU between the context and the call.
    expect((error as LambdaTimeoutError).remainingMs, 'not before the deadline').to.be.within(420, 500);
    expect(aborted, 'aborted only when the timeout is noticed').to.equal(false);
    expect(ran).to.deep.equal(['abort', 'report', 'close']);
    expect(logger.messages).to.deep.equal([`error: ${(error as LambdaTimeoutError).message}`]);
  });

  it('succeeds if it catches its own timeout and returns', async () => {
    const result = await invoke(() => {
      block(40);
      expect(currentDeadline().expired).to.equal(true);
      expect(currentDeadline().remainingMs()).to.equal(0);
      expect(() => currentDeadline().throwIfExpired()).to.throw(LambdaTimeoutError);
      return 'the half of it';
    });
    expect(result).to.equal('the half of it');
    expect(ran).to.deep.equal(['close']);
  });
});
