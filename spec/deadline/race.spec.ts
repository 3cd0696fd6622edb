import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { AttemptDeadline } from '../../lib/deadline/deadline.js';
import type { Expiry, Waiter } from '../../lib/deadline/expiry.js';
import { currentDeadline, type Deadline, GracefulTimeout, LambdaTimeoutError } from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { forever, useFakeTime, wait } from '../support/fake-time.js';
import { RecordingLogger } from '../support/recording-logger.js';

describe('currentDeadline().race() (R24)', () => {
  const time = useFakeTime();
  let logger: RecordingLogger;

  beforeEach(() => {
    logger = new RecordingLogger();
  });

  /** Runs work with its deadline after 2000 ms. */
  const invoke = (work: (deadline: Deadline) => unknown): Promise<unknown> => {
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger })
      async handler(_event: unknown, _context: unknown): Promise<unknown> {
        return work(currentDeadline());
      }
    }
    return new Orders().handler({}, new FakeContext(3000));
  };

  it('fulfils and rejects as the promise does, and takes values and thenables', async () => {
    const failure = new Error('failed');
    expect(await invoke((deadline) => deadline.race(Promise.resolve('promise')))).to.equal('promise');
    expect(await invoke((deadline) => deadline.race('value'))).to.equal('value');
    // biome-ignore lint/suspicious/noThenProperty: this spec needs a thenable
    const thenable = { then: (resolve: (value: string) => void) => resolve('thenable') };
    expect(await invoke((deadline) => deadline.race(thenable as PromiseLike<string>))).to.equal('thenable');
    expect(await expectRejection(invoke((deadline) => deadline.race(Promise.reject(failure))))).to.equal(
      failure,
    );
  });

  it('rejects with the timeout at the deadline, and the handler can catch it', async () => {
    let caught: unknown;
    const answer = invoke(async (deadline) => {
      try {
        await deadline.race(forever());
      } catch (error) {
        caught = error;
      } finally {
        await wait(50);
      }
      return 'what is done';
    });
    await time.clock.tickAsync(2050);
    expect(await answer).to.equal('what is done');
    expect(caught).to.be.instanceOf(LambdaTimeoutError);
  });

  it('rejects at once if the deadline has passed, even if its timer has not fired yet', async () => {
    const answer = invoke(async (deadline) => {
      time.clock.tick(2000); // like a loop that blocks
      return deadline.race(Promise.resolve('too late'));
    });
    expect(await expectRejection(answer)).to.be.instanceOf(LambdaTimeoutError);
  });

  describe('leaves no unhandled rejection', () => {
    const unhandled: unknown[] = [];
    const keep = (reason: unknown) => unhandled.push(reason);
    beforeEach(() => {
      unhandled.length = 0;
      process.on('unhandledRejection', keep);
    });
    afterEach(() => {
      process.off('unhandledRejection', keep);
    });

    /** Waits until Node has reported every unhandled rejection. */
    const settle = async () => {
      time.clock.restore();
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).to.deep.equal([]);
      expect(logger.lines, 'the timeout alone').to.have.length(1);
    };

    it('if the promise loses and then rejects', async () => {
      let fail: ((reason: Error) => void) | undefined;
      const hanging = new Promise((_, reject) => {
        fail = reject;
      });
      const rejection = expectRejection(invoke((deadline) => deadline.race(hanging)));
      await time.clock.tickAsync(2000);
      await rejection;
      fail?.(new Error('after the race'));
      await settle();
    });

    it('if the promise rejects after the deadline has passed', async () => {
      const answer = invoke((deadline) => {
        time.clock.tick(2000); // like a loop that blocks
        return deadline.race(Promise.reject(new Error('too late')));
      });
      expect(await expectRejection(answer)).to.be.instanceOf(LambdaTimeoutError);
      await settle();
    });
  });

  it('waits for the deadline no longer than the promise does', async () => {
    const waiting = new Set<Waiter>();
    const expiry: Pick<Expiry, 'expired' | 'wait' | 'stopWaiting'> = {
      expired: false,
      wait: (waiter) => void waiting.add(waiter),
      stopWaiting: (waiter) => void waiting.delete(waiter),
    };
    const deadline = new AttemptDeadline(expiry as Expiry, () => undefined);
    const races = [deadline.race(Promise.resolve()), expectRejection(deadline.race(Promise.reject()))];
    expect(waiting.size).to.equal(2);
    await Promise.all(races);
    expect(waiting.size).to.equal(0);
  });

  it('leaves no listener after 100,000 races on one deadline, or after races that lose', async () => {
    await invoke(async (deadline) => {
      for (let races = 0; races < 50_000; races++) {
        await deadline.race(races);
        await expectRejection(deadline.race(Promise.reject(races)));
      }
      expect(getEventListeners(deadline.signal, 'abort')).to.deep.equal([]);
    });
    let lost: Deadline | undefined;
    const rejection = expectRejection(
      invoke((deadline) => {
        lost = deadline;
        return Promise.all(Array.from({ length: 1000 }, () => deadline.race(forever())));
      }),
    );
    await time.clock.tickAsync(2000);
    await rejection;
    expect(getEventListeners(lost?.signal as AbortSignal, 'abort')).to.deep.equal([]);
  }).timeout(20_000);

  it('returns the promise itself outside an invocation', () => {
    const promise = Promise.resolve();
    expect(currentDeadline().race(promise)).to.equal(promise);
  });
});
