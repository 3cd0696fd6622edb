import { PassThrough, type Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import sinon from 'sinon';
import { currentDeadline, Finally, GracefulTimeout, LambdaTimeoutError, OnTimeout } from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { forever, useFakeTime, wait } from '../support/fake-time.js';
import { RecordingLogger } from '../support/recording-logger.js';

const marginMs = 1000;

/** The deadline comes after 2000 ms; two hooks leave the handler a third of 900 ms. */
const CUT_OFF_MS = 2300;

describe('a handler at its deadline (R12)', () => {
  const time = useFakeTime();
  let logger: RecordingLogger;
  let ran: string[];
  let startedAtMs: number;

  beforeEach(() => {
    logger = new RecordingLogger();
    ran = [];
    startedAtMs = performance.now();
  });

  const note = (what: string) => ran.push(`${what} at ${Math.round(performance.now() - startedAtMs)}`);

  const guarded = (work: () => unknown) => {
    class Orders {
      @GracefulTimeout({ marginMs, logger })
      handler(_event: unknown, _context: unknown): unknown {
        return work();
      }

      @OnTimeout
      protected report(): void {
        note('report');
      }

      @Finally
      protected close(outcome: PromiseSettledResult<unknown>): void {
        note(`close ${outcome.status}`);
      }
    }
    return new Orders();
  };

  const invoke = (work: () => unknown): Promise<unknown> =>
    guarded(work).handler({}, new FakeContext(3000)) as Promise<unknown>;

  /** Waits until the signal of the running invocation has aborted. */
  const aborted = (): Promise<unknown> =>
    new Promise((resolve) => {
      const { signal } = currentDeadline();
      signal.addEventListener('abort', () => resolve(signal.reason));
    });

  describe('that has asked for it', () => {
    it('ends its own clean-up before the first hook runs', async () => {
      const rejection = expectRejection(
        invoke(async () => {
          try {
            throw await aborted();
          } finally {
            await wait(250);
            note('finally');
          }
        }),
      );
      await time.clock.tickAsync(CUT_OFF_MS);
      expect(await rejection).to.be.instanceOf(LambdaTimeoutError);
      expect(ran).to.deep.equal(['finally at 2250', 'report at 2250', 'close rejected at 2250']);
    });

    it('can answer itself: only @Finally hooks run, and a warning says how late it was', async () => {
      let error: unknown;
      const answer = invoke(async () => {
        error = await aborted();
        await wait(100);
        return 'what is done';
      });
      await time.clock.tickAsync(2100);
      expect(await answer).to.equal('what is done');
      expect(ran).to.deep.equal(['close fulfilled at 2100']);
      expect(error).to.be.instanceOf(LambdaTimeoutError);
      expect(logger.lines).to.deep.equal([
        {
          level: 'warn',
          message: 'Orders.handler ended 100 ms past its deadline, in its grace',
          detail: error,
        },
      ]);
    });

    it('has ended 0 ms past its deadline, and not less, where a test fakes the timers and not the clock', async () => {
      time.clock.restore();
      const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      try {
        const answer = invoke(() =>
          currentDeadline()
            .race(forever())
            .catch(() => 'what is done'),
        );
        clock.tick(2000);
        expect(await answer).to.equal('what is done');
      } finally {
        clock.restore();
      }
      expect(logger.messages).to.deep.equal([
        'warn: Orders.handler ended 0 ms past its deadline, in its grace',
      ]);
    });

    it('can answer a little late, even if it does not listen to its signal', async () => {
      const answer = invoke(async () => {
        currentDeadline().remainingMs();
        await wait(2050);
        return 'whole';
      });
      await time.clock.tickAsync(2050);
      expect(await answer).to.equal('whole');
    });

    it('times out with an error of its own as the cause', async () => {
      const failure = new Error('charged, but not recorded');
      const rejection = expectRejection(
        invoke(async () => {
          await aborted();
          await wait(10);
          throw failure;
        }),
      );
      await time.clock.tickAsync(2010);
      expect(await rejection)
        .to.be.instanceOf(LambdaTimeoutError)
        .with.property('cause', failure);
      expect(ran).to.deep.equal(['report at 2010', 'close rejected at 2010']);
      expect(logger.lines, 'logged with the timeout, after the cause is known').to.have.length(1);
    });

    it('logs an error of its own apart if it has frozen the timeout, which then takes no cause', async () => {
      const failure = new Error('charged, but not recorded');
      const rejection = expectRejection(
        invoke(() =>
          currentDeadline()
            .race(forever())
            .catch((timeout) => {
              Object.freeze(timeout);
              throw failure;
            }),
        ),
      );
      await time.clock.tickAsync(2010);
      expect(await rejection).to.not.have.property('cause');
      expect(logger.lines.map(({ level, detail }) => [level, detail === failure])).to.deep.equal([
        ['error', false],
        ['warn', true],
      ]);
    });

    for (const [way, heed] of Object.entries({
      'the reason of its signal': (reason: unknown) => reason,
      'an AbortError that wraps that reason': (cause: unknown) =>
        Object.assign(new Error('aborted', { cause }), { name: 'AbortError' }),
      'an AbortError without that reason': () => Object.assign(new Error('aborted'), { name: 'AbortError' }),
    })) {
      it(`times out without a cause if it rejects with ${way}`, async () => {
        const rejection = expectRejection(
          invoke(async () => {
            throw heed(await aborted());
          }),
        );
        await time.clock.tickAsync(2000);
        expect(await rejection)
          .to.be.instanceOf(LambdaTimeoutError)
          .and.not.have.property('cause');
      });
    }

    it('is cut off after an equal share of the time, and a later answer does not count', async () => {
      const rejection = expectRejection(
        invoke(async () => {
          await aborted();
          await wait(310);
          return 'too late';
        }),
      );
      await time.clock.tickAsync(CUT_OFF_MS - 1);
      expect(ran).to.deep.equal([]);
      await time.clock.tickAsync(1);
      expect(await rejection).to.be.instanceOf(LambdaTimeoutError);
      expect(ran).to.deep.equal(['report at 2300', 'close rejected at 2300']);
      await time.clock.tickAsync(10);
      expect(logger.messages.slice(1)).to.deep.equal([
        'warn: Orders.handler answered late, after it had timed out, in request request-1',
      ]);
    });

    it('has all the time up to the reserve if its class has no hooks', async () => {
      class Orders {
        @GracefulTimeout({ marginMs, reserveMs: 400, logger })
        async handler(_event: unknown, _context: unknown): Promise<never> {
          await aborted();
          return forever();
        }
      }
      let settled = false;
      const rejection = expectRejection(new Orders().handler({}, new FakeContext(3000))).then(() => {
        settled = true;
      });
      await time.clock.tickAsync(2599);
      expect(settled).to.equal(false);
      await time.clock.tickAsync(1);
      await rejection;
    });

    it('can read the complete error from its signal as soon as that aborts', async () => {
      let resources: unknown;
      const rejection = expectRejection(
        invoke(() => {
          const { signal } = currentDeadline();
          signal.addEventListener('abort', () => {
            resources = (signal.reason as LambdaTimeoutError).activeResources;
          });
          return forever();
        }),
      );
      await time.clock.tickAsync(2000);
      expect(resources).to.be.an('object');
      await time.clock.tickAsync(300);
      expect(await rejection).to.include({ elapsedMs: 2000, lateByMs: 0 });
    });

    it('can still react to its signal if its deadline is noticed only after the hook deadline', async () => {
      const rejection = expectRejection(
        invoke(async () => {
          const { signal } = currentDeadline();
          time.clock.tick(2950); // like a loop that blocks
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          note('heeds');
          return forever();
        }),
      );
      await time.clock.tickAsync(2);
      expect(await rejection).to.be.instanceOf(LambdaTimeoutError);
      expect(ran).to.deep.equal(['heeds at 2950', 'report at 2951', 'close rejected at 2951']);
    });

    it('has its grace also if only super.handler() asks for the deadline', async () => {
      class Base {
        @GracefulTimeout({ marginMs, logger })
        async handler(_event: unknown, _context: unknown): Promise<unknown> {
          await aborted();
          return 'of the superclass';
        }
      }
      class Orders extends Base {
        @GracefulTimeout({ marginMs, logger })
        override async handler(event: unknown, context: unknown): Promise<unknown> {
          return super.handler(event, context);
        }
      }
      const answer = new Orders().handler({}, new FakeContext(3000));
      await time.clock.tickAsync(2000);
      expect(await answer).to.equal('of the superclass');
    });
  });

  describe('that has not asked for it', () => {
    it('is cut off at its deadline, even if it would end within the grace', async () => {
      const rejection = expectRejection(
        invoke(async () => {
          await wait(2100);
          return 'whole';
        }),
      );
      await time.clock.tickAsync(2000);
      expect(await rejection).to.be.instanceOf(LambdaTimeoutError);
      expect(ran).to.deep.equal(['report at 2000', 'close rejected at 2000']);
      await time.clock.tickAsync(100);
    });

    it('gets no grace by asking after its deadline', async () => {
      let askedTooLate: (() => void) | undefined;
      const rejection = expectRejection(
        invoke(async () => {
          await new Promise<void>((resolve) => {
            askedTooLate = resolve;
          });
          return currentDeadline().remainingMs();
        }),
      );
      await time.clock.tickAsync(2000);
      askedTooLate?.();
      expect(await rejection).to.be.instanceOf(LambdaTimeoutError);
    });

    it('gets no grace by asking when its deadline has passed, but nobody has noticed that yet', async () => {
      const rejection = expectRejection(
        invoke(() => {
          time.clock.tick(2000); // like a loop that blocks
          currentDeadline();
          return forever();
        }),
      );
      await time.clock.tickAsync(1);
      expect(ran).to.have.length(2);
      expect(await rejection).to.be.instanceOf(LambdaTimeoutError);
    });
  });

  it('has no grace if it throws its timeout before the deadline is noticed', async () => {
    const rejection = expectRejection(
      invoke(async () => {
        const deadline = currentDeadline();
        time.clock.tick(2000); // like a loop that blocks
        deadline.throwIfExpired();
      }),
    );
    expect(await rejection).to.be.instanceOf(LambdaTimeoutError);
    expect(ran).to.deep.equal(['report at 2000', 'close rejected at 2000']);
  });

  it('keeps overlapping invocations apart, each with a grace of its own', async () => {
    const orders = guarded(async () => {
      await aborted();
      await wait(100);
      return currentDeadline().signal.reason.requestId;
    });
    const answers = Array.from({ length: 20 }, (_, index) =>
      orders.handler({}, new FakeContext(3000 + 7 * index, `request-${index}`)),
    );
    await time.clock.tickAsync(3000);
    expect(await Promise.all(answers)).to.deep.equal(answers.map((_, index) => `request-${index}`));
  });

  describe('that does not respond with a promise', () => {
    it('is waited for if it returns a thenable', async () => {
      const answer = invoke(() => ({
        // biome-ignore lint/suspicious/noThenProperty: this spec needs a thenable
        then: (resolve: (value: unknown) => void) => aborted().then(() => resolve('thenable')),
      }));
      await time.clock.tickAsync(2000);
      expect(await answer).to.equal('thenable');
    });

    for (const isSynchronous of [true, false]) {
      it(`is waited for if it takes a callback (called ${isSynchronous ? 'as the signal aborts' : 'later'})`, async () => {
        type Callback = (error: unknown, value?: unknown) => void;
        class Orders {
          @GracefulTimeout({ marginMs, logger })
          handler(_event: unknown, _context: unknown, callback: Callback): void {
            currentDeadline().signal.addEventListener('abort', () => {
              if (isSynchronous) callback(null, 'callback');
              else setTimeout(callback, 50, null, 'callback');
            });
          }
        }
        const answer = (new Orders().handler as (...args: unknown[]) => unknown).call(
          new Orders(),
          {},
          new FakeContext(3000),
        );
        await time.clock.tickAsync(2050);
        expect(await answer).to.equal('callback');
      });
    }

    it('can write to its stream until its cut-off', async () => {
      class Orders {
        @GracefulTimeout({ marginMs, logger })
        async handler(_event: unknown, stream: Writable, _context: unknown): Promise<void> {
          stream.write('begun, ');
          await aborted();
          await wait(100);
          stream.end('to be continued');
        }
      }
      const stream = new PassThrough();
      const body = text(stream);
      const answer = new Orders().handler({}, stream, new FakeContext(3000));
      await time.clock.tickAsync(2100);
      await answer;
      expect(await body).to.equal('begun, to be continued');
    });
  });

  describe('whose class has a responding hook (R13)', () => {
    const responding = (work: () => unknown, respond: () => unknown) => {
      class Orders {
        @GracefulTimeout({ marginMs, logger })
        handler(_event: unknown, _context: unknown): unknown {
          return work();
        }

        @OnTimeout({ respond: true })
        protected respond(): unknown {
          return respond();
        }
      }
      return new Orders().handler({}, new FakeContext(3000)) as Promise<unknown>;
    };

    it('answers instead of the hook if it answers in its grace', async () => {
      const answer = responding(
        () => aborted().then(() => 'its own'),
        () => 'of the hook',
      );
      await time.clock.tickAsync(2000);
      expect(await answer).to.equal('its own');
    });

    it('rejects with both errors as the cause if it fails and then the hook fails', async () => {
      const [ofHandler, ofHook] = [new Error('handler'), new Error('hook')];
      const rejection = expectRejection(
        responding(
          () => aborted().then(() => Promise.reject(ofHandler)),
          () => Promise.reject(ofHook),
        ),
      );
      await time.clock.tickAsync(2000);
      const error = (await rejection) as LambdaTimeoutError;
      expect(error).to.be.instanceOf(LambdaTimeoutError);
      expect(error.cause).to.be.instanceOf(AggregateError).with.deep.property('errors', [ofHook, ofHandler]);
      expect(Object.keys(error)).not.to.include('cause');
    });
  });
});
