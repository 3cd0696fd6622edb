import { AsyncResource } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { currentDeadline, Finally, GracefulTimeout, LambdaTimeoutError, OnTimeout } from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { forever, useFakeTime, wait } from '../support/fake-time.js';
import { useLeftUncaught } from '../support/left-uncaught.js';
import { RecordingLogger } from '../support/recording-logger.js';

const OUTER = 'Batch.handler timed out 1000 ms before the Lambda deadline, after 2000 ms';

type Work = (context: unknown) => unknown;

/** Makes a handler that calls decorated methods of another instance, at a depth of one or two. */
function batchOf(logger: RecordingLogger, work: Work, recordMarginMs = 100) {
  class Record {
    readonly ran: string[] = [];

    @GracefulTimeout({ marginMs: recordMarginMs, logger })
    async handle(work: Work, context?: unknown): Promise<unknown> {
      return work(context);
    }

    @OnTimeout
    protected report(): void {
      this.ran.push('report');
    }

    @Finally
    protected close({ status }: PromiseSettledResult<unknown>): void {
      this.ran.push(`close ${status}`);
    }
  }
  class Chunk {
    @GracefulTimeout({ marginMs: recordMarginMs, logger })
    async handle(record: Record, context?: unknown): Promise<unknown> {
      return record.handle(work, context);
    }
  }
  class Batch {
    @GracefulTimeout({ marginMs: 1000, logger })
    async handler(call: () => unknown, _context: unknown): Promise<unknown> {
      return call();
    }
  }
  const record = new Record();
  const calls: { [depth: string]: (context?: unknown) => unknown } = {
    'one below another': (context) => record.handle(work, context),
    'two below another': (context) => new Chunk().handle(record, context),
  };
  return { batch: new Batch(), record, calls };
}

type Callback = (error: unknown, value?: unknown) => void;

/** A callback handler. */
class Legacy {
  readonly ran: string[] = [];

  @GracefulTimeout({ marginMs: 100, logger: new RecordingLogger() })
  handler(_event: unknown, _context: unknown, callback?: Callback): unknown {
    return void setTimeout(() => {
      this.ran.push('answered');
      callback?.(null, 'row');
    }, 10);
  }

  @Finally
  protected close({ status }: PromiseSettledResult<unknown>): void {
    this.ran.push(`close ${status}`);
  }
}

const DEPTHS = ['one below another', 'two below another'];

describe('a decorated method that a handler calls (R18)', () => {
  const time = useFakeTime();
  let logger: RecordingLogger;
  beforeEach(() => {
    logger = new RecordingLogger();
  });

  for (const depth of DEPTHS) {
    for (const [which, contextOf] of Object.entries({
      'without a context': () => undefined,
      'with a later deadline': (context: FakeContext) => context,
    })) {
      describe(`${depth}, ${which}`, () => {
        const run = async (work: Work) => {
          const { batch, record, calls } = batchOf(logger, work);
          const context = new FakeContext(3000);
          const outcome = batch
            .handler(() => calls[depth]?.(contextOf(context)), context)
            .then(
              (value) => ({ value, error: undefined }),
              (error: unknown) => ({ value: undefined, error }),
            );
          await time.clock.tickAsync(2000);
          return { ...(await outcome), record };
        };

        it('sees the deadline of the outer one, which comes first', async () => {
          const { value } = await run(() => currentDeadline().remainingMs());
          expect(value).to.equal(2000);
        });

        for (const [way, work] of Object.entries({
          'by race()': () => currentDeadline().race(forever()),
          'by its signal': () => {
            const { signal } = currentDeadline();
            return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
          },
          'by throwIfExpired()': () => {
            time.clock.tick(2000);
            currentDeadline().throwIfExpired();
          },
        })) {
          it(`hears the deadline of the outer one ${way}, and has not timed out itself`, async () => {
            const { error, record } = await run(work);
            expect(error).to.be.instanceOf(LambdaTimeoutError);
            expect((error as Error).message.startsWith(OUTER)).to.equal(true);
            expect(record.ran).to.deep.equal(['close rejected']);
            expect(logger.messages.filter((line) => line.startsWith('error'))).to.deep.equal([
              `error: ${OUTER}${way === 'by race()' ? ', waiting for promise since 2000 ms' : ''}`,
            ]);
          });
        }

        it('has asked for the outer one too, which therefore has grace', async () => {
          const { value } = await run(() =>
            currentDeadline()
              .race(forever())
              .catch(() => 'cleaned up'),
          );
          expect(value).to.equal('cleaned up');
        });
      });
    }
  }

  it('gets its own third argument, which is no callback of Lambda', async () => {
    const progress: number[] = [];
    class Records {
      @GracefulTimeout({ marginMs: 100, logger })
      send(_record: string, _context: unknown, onProgress: (percent: number) => void): string {
        onProgress(10);
        return 'sent';
      }

      @GracefulTimeout({ marginMs: 100, logger })
      async note(_record: string, _context: unknown, prefix?: string): Promise<unknown> {
        return prefix;
      }
    }
    const { batch } = batchOf(logger, forever);
    const records = new Records();
    const context = new FakeContext(3000);
    const seen = await batch.handler(
      async () => [
        await records.send('a', context, (percent) => progress.push(percent)),
        await records.note('b', context),
      ],
      context,
    );
    expect(seen).to.deep.equal(['sent', undefined]);
    expect(progress).to.deep.equal([10]);
  });

  for (const [how, call] of Object.entries({
    'hands on the callback of Lambda, and returns': (legacy, args) => legacy.handler(...args),
    'hands on the callback of Lambda, and returns nothing': (legacy, args) => void legacy.handler(...args),
    'awaits it without a callback': async (legacy, [event, context]) => legacy.handler(event, context),
  } satisfies Record<string, (legacy: Legacy, args: Parameters<Legacy['handler']>) => unknown>)) {
    it(`ends by its callback, and then its hooks run, where a callback handler ${how} (R21)`, async () => {
      class Router {
        @GracefulTimeout({ marginMs: 1000, logger })
        handler(event: unknown, context: unknown, callback?: Callback): unknown {
          return call(legacy, [event, context, callback]);
        }
      }
      const legacy = new Legacy();
      const answer = (new Router().handler({}, new FakeContext(3000)) as Promise<unknown>).then((value) => [
        value,
        ...legacy.ran,
      ]);
      await time.clock.tickAsync(10);
      expect(await answer).to.deep.equal(['row', 'answered', 'close fulfilled']);
    });
  }

  describe('by super.handler(), as a part of its invocation (R18, R21)', () => {
    const overridden = async (base: typeof Legacy, call: (handler: Handler) => unknown): Promise<unknown> => {
      class Orders extends base {
        @GracefulTimeout({ marginMs: 100, logger })
        override async handler(event: unknown, context: unknown): Promise<unknown> {
          return [await call((...more) => super.handler(event, context, ...more)), ...this.ran];
        }
      }
      const orders = new Orders();
      const answer = orders.handler({}, new FakeContext(3000));
      await time.clock.tickAsync(10);
      return answer;
    };
    type Handler = (...more: Callback[]) => unknown;

    it('can await a callback handler without a callback', async () => {
      expect(await overridden(Legacy, (handler) => handler())).to.deep.equal(['row', 'answered']);
    });

    it('gets the error of a callback handler, its callback and what it throws', async () => {
      for (const fail of [
        (callback?: Callback) => callback?.(new Error('no row')),
        () => {
          throw new Error('no row');
        },
      ]) {
        class Failing extends Legacy {
          @GracefulTimeout({ marginMs: 100, logger })
          override handler(_event: unknown, _context: unknown, callback?: Callback): unknown {
            return void fail(callback);
          }
        }
        const error = overridden(Failing, async (handler) => handler()).catch(({ message }) => message);
        expect(await error).to.equal('no row');
      }
    });

    it('throws what a callback handler throws, since who passes a callback does not look at a promise', async () => {
      class Failing extends Legacy {
        @GracefulTimeout({ marginMs: 100, logger })
        override handler(_event: unknown, _context: unknown, _callback?: Callback): unknown {
          throw new Error('no row');
        }
      }
      class Orders extends Failing {
        @GracefulTimeout({ marginMs: 100, logger })
        override handler(event: unknown, context: unknown, callback?: Callback): unknown {
          return void super.handler(event, context, (error, row) => callback?.(error, row));
        }
      }
      const orders = new Orders();
      const error = await expectRejection(orders.handler({}, new FakeContext(3000)) as Promise<unknown>);
      expect(error).to.have.property('message', 'no row');
      expect(orders.ran).to.deep.equal(['close rejected']);
    });

    it('can pass a callback of its own', async () => {
      const viaCallback = (handler: Handler) => new Promise((resolve) => handler((_, row) => resolve(row)));
      expect(await overridden(Legacy, viaCallback)).to.deep.equal(['row', 'answered']);
    });

    it('gets what a method without a callback returns as it is', async () => {
      class Plain {
        @GracefulTimeout({ marginMs: 100, logger })
        handler({ row }: { row: string }, _context: unknown): unknown {
          return row;
        }
      }
      class Orders extends Plain {
        @GracefulTimeout({ marginMs: 100, logger })
        override handler(event: { row: string }, context: unknown): unknown {
          return `${super.handler(event, context)}, read`;
        }
      }
      expect(await new Orders().handler({ row: 'row' }, new FakeContext(3000))).to.equal('row, read');
    });

    it('passes the event and the context on with the callback', async () => {
      const passed: unknown[] = [];
      class Noting extends Legacy {
        @GracefulTimeout({ marginMs: 100, logger })
        override handler(event: unknown, context: unknown, callback?: Callback): unknown {
          passed.push(event, context instanceof FakeContext);
          return void callback?.(null, 'row');
        }
      }
      await overridden(Noting, (handler) => handler());
      expect(passed).to.deep.equal([{}, true]);
    });

    it('gets what a method returns whose third parameter is no callback', async () => {
      class Paged extends Legacy {
        @GracefulTimeout({ marginMs: 100, logger })
        override handler(_event: unknown, _context: unknown, _page?: unknown): unknown {
          return Promise.resolve('page');
        }
      }
      class Awaited extends Legacy {
        @GracefulTimeout({ marginMs: 100, logger })
        override async handler(_event: unknown, _context: unknown, page?: unknown): Promise<unknown> {
          return typeof page;
        }
      }
      expect(await overridden(Paged, (handler) => handler())).to.deep.equal(['page']);
      expect(await overridden(Awaited, (handler) => handler())).to.deep.equal(['undefined']);
    });
  });

  it('times out by its own deadline if that comes first', async () => {
    const { batch, record } = batchOf(logger, () => currentDeadline().race(forever()), 2000);
    const context = new FakeContext(3000);
    const error = expectRejection(batch.handler(() => record.handle(forever, context), context));
    await time.clock.tickAsync(1000);
    const message = 'Record.handle timed out 2000 ms before the Lambda deadline, after 1000 ms';
    expect(await error).to.have.property('message', message);
    expect(record.ran).to.deep.equal(['report', 'close rejected']);
  });

  it('can ask for its deadline after it has timed out', async () => {
    const { batch, record } = batchOf(logger, forever, 2000);
    const context = new FakeContext(3000);
    let expired: boolean | undefined;
    const late = async () => {
      await wait(1500);
      ({ expired } = currentDeadline());
    };
    const error = expectRejection(batch.handler(() => record.handle(late, context), context));
    await time.clock.tickAsync(1500);
    expect(await error).to.be.instanceOf(LambdaTimeoutError);
    expect(expired).to.equal(true);
  });

  it('has hooks that ask for their own deadline alone, so that the outer one has no grace', async () => {
    class Record {
      @GracefulTimeout({ marginMs: 100, logger })
      async handle(_event: unknown, _context: unknown): Promise<void> {}

      @Finally
      protected close(): void {
        currentDeadline();
      }
    }
    const { batch } = batchOf(logger, forever);
    const context = new FakeContext(3000);
    const work = async () => {
      await new Record().handle({}, context);
      await forever();
    };
    const error = expectRejection(batch.handler(work, context));
    await time.clock.tickAsync(2000);
    expect(logger.messages).to.deep.equal([`error: ${OUTER}`]);
    await error;
  });

  it('gives its hooks a deadline of their own, also once that of the outer one has come', async () => {
    const left: number[] = [];
    class Record {
      @GracefulTimeout({ marginMs: 100, logger })
      handle(_event: unknown, _context: unknown): Promise<unknown> {
        return currentDeadline().race(forever());
      }

      @Finally
      protected close(): void {
        const { signal, remainingMs } = {
          signal: currentDeadline().signal,
          remainingMs: currentDeadline().remainingMs(),
        };
        left.push(remainingMs, Number(signal.aborted));
      }
    }
    const { batch } = batchOf(logger, forever);
    const context = new FakeContext(3000);
    const error = expectRejection(batch.handler(() => new Record().handle({}, context), context));
    await time.clock.tickAsync(2000);
    expect(((await error) as Error).message).to.equal(`${OUTER}, waiting for promise since 2000 ms`);
    expect(left).to.deep.equal([990, 0]);
  });

  it('is an invocation of its own if what an invocation in time has left behind calls the handler again', async () => {
    const ran: string[] = [];
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger })
      async handler(again: boolean, context: unknown): Promise<void> {
        if (!again) await forever();
        // Bound, because a fake timer does not keep the async context as a real one does.
        else
          setTimeout(
            AsyncResource.bind(() => this.handler(false, context).catch(() => ran.push('timed out'))),
            10,
          );
      }

      @OnTimeout
      protected report(): void {
        ran.push('report');
      }
    }
    await new Orders().handler(true, new FakeContext(3000));
    await time.clock.tickAsync(2000);
    expect(ran).to.deep.equal(['report', 'timed out']);
  });

  it('is a part of an invocation of the same instance and context, also across another instance', async () => {
    let timers = 0;
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger })
      async handler(depth: number, context: unknown): Promise<void> {
        if (depth > 0) await new Record().handle(this, depth - 1, context);
        else timers = time.clock.countTimers();
      }
    }
    class Record {
      @GracefulTimeout({ marginMs: 500, logger })
      async handle(orders: Orders, depth: number, context: unknown): Promise<void> {
        await wait(1);
        await orders.handler(depth, context);
      }
    }
    const done = new Orders().handler(1, new FakeContext(3000));
    await time.clock.tickAsync(1);
    await done;
    expect(timers, 'those of the handler and of the record').to.equal(2);
  });
});

describe('what a decorated method leaves uncaught, once the handler that called it has timed out (R16, R18)', () => {
  const foreign = useLeftUncaught('unhandledRejection', 'uncaughtException');

  const fail = (): void => {
    throw new Error('stray');
  };
  for (const depth of DEPTHS) {
    for (const [which, work] of Object.entries({
      'that is still running': async (): Promise<void> => {
        setTimeout(fail, 60);
        await sleep(1000, undefined, { ref: false });
      },
      'that had ended before': (): void => void setTimeout(fail, 60),
      'that has rejected a promise': (): void =>
        void setTimeout(() => Promise.reject(new Error('stray')), 60),
    })) {
      it(`is held back and logged as an error of the handler: a method ${depth}, ${which}`, async () => {
        const logger = new RecordingLogger();
        const { batch, calls } = batchOf(logger, work);
        const hang = async () => {
          await calls[depth]?.();
          await sleep(1000, undefined, { ref: false });
        };
        await expectRejection(batch.handler(hang, new FakeContext(1030)));
        await sleep(60);
        expect(foreign).to.deep.equal([]);
        expect(logger.messages.at(-1)).to.equal(
          'warn: Batch.handler left an error uncaught, after its deadline, in request request-1',
        );
      });
    }
  }

  it('is held back if abandoned code calls it only then', async () => {
    const logger = new RecordingLogger();
    const { batch, calls } = batchOf(logger, () => void setTimeout(fail, 1));
    const goOn = async () => {
      await sleep(60);
      await calls['one below another']?.();
    };
    await expectRejection(batch.handler(goOn, new FakeContext(1030)));
    await sleep(60);
    expect(foreign).to.deep.equal([]);
  });
});
