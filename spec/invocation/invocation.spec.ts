import { expect } from 'chai';
import sinon from 'sinon';
import { currentDeadline, Finally, GracefulTimeout, LambdaTimeoutError, OnTimeout } from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { forever, useFakeTime, wait } from '../support/fake-time.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { timedOut } from '../support/timed-out.js';

const marginMs = 1000;

describe('an invocation', () => {
  const time = useFakeTime();
  let logger: RecordingLogger;

  beforeEach(() => {
    logger = new RecordingLogger();
  });

  /** Makes an instance whose handler is `work`, with a hook of each kind that notes its run. */
  const guarded = (work: (...args: never) => unknown, options: object = {}) => {
    class Orders {
      readonly ran: string[] = [];

      @GracefulTimeout({ marginMs, logger, ...options })
      handler(...args: unknown[]): unknown {
        return work.apply(this, args as never);
      }

      @OnTimeout
      protected report(): void {
        this.ran.push('report');
      }

      @Finally
      protected close(): void {
        this.ran.push('close');
      }
    }
    return new Orders();
  };

  describe('context (R8)', () => {
    it('is found in (event, context), (event, stream, context) and context.lambdaContext', async () => {
      const context = new FakeContext(3000);
      for (const args of [
        [{}, context],
        [{}, {}, context],
        [{}, { lambdaContext: context }],
        [null, context],
        [undefined, context, undefined],
      ]) {
        const { handler } = guarded(() => currentDeadline().remainingMs());
        expect(
          await handler.apply(
            guarded(() => currentDeadline().remainingMs()),
            args,
          ),
        ).to.equal(2000);
      }
      expect(logger.lines).to.deep.equal([]);
    });

    it('is found when the event is null', async () => {
      expect(
        await timedOut(time.clock, (_event, context) => guarded(forever).handler(null, context)),
      ).to.be.instanceOf(LambdaTimeoutError);
    });

    for (const [title, context, problem] of [
      ['absent', undefined, 'no argument has the method `getRemainingTimeInMillis()` of a Lambda context'],
      [
        'no context',
        { lambdaContext: {} },
        'no argument has the method `getRemainingTimeInMillis()` of a Lambda context',
      ],
      [
        'of a durable execution',
        { lambdaContext: new FakeContext(3000), step: () => {} },
        'its context is that of a durable execution, which a timeout would fail for good; decorate a method that calls what `withDurableExecution` returns, or one that a step calls with `context.lambdaContext`',
      ],
      [
        'NaN',
        { getRemainingTimeInMillis: () => Number.NaN },
        '`context.getRemainingTimeInMillis()` returned NaN',
      ],
      [
        'infinite',
        { getRemainingTimeInMillis: () => Infinity },
        '`context.getRemainingTimeInMillis()` returned Infinity',
      ],
      [
        'undefined',
        { getRemainingTimeInMillis: () => undefined },
        '`context.getRemainingTimeInMillis()` returned undefined',
      ],
      [
        'a string',
        { getRemainingTimeInMillis: () => '3000' },
        '`context.getRemainingTimeInMillis()` returned "3000"',
      ],
    ] as const) {
      it(`that gives no usable time (${title}): the handler runs unguarded, @Finally runs, a warning gives the reason`, async () => {
        const orders = guarded(async () => {
          await wait(10_000_000);
          return currentDeadline().remainingMs();
        });
        const result = orders.handler({}, context);
        expect(time.clock.countTimers(), 'only the timer of the handler').to.equal(1);
        await time.clock.tickAsync(10_000_000);
        expect(await result).to.equal(Number.POSITIVE_INFINITY);
        expect(orders.ran).to.deep.equal(['close']);
        expect(logger.lines).to.deep.equal([
          { level: 'warn', message: 'Orders.handler runs without a timeout', detail: problem },
        ]);
      });
    }

    it('that throws: the handler runs unguarded, and the warning gives the error', async () => {
      const orders = guarded(() => 'done');
      const context = {
        getRemainingTimeInMillis() {
          throw new RangeError('no clock');
        },
      };
      expect(await orders.handler({}, context)).to.equal('done');
      expect(orders.ran).to.deep.equal(['close']);
      expect(logger.lines[0]?.detail).to.match(
        /^`context.getRemainingTimeInMillis\(\)` threw RangeError: no clock/,
      );
    });

    it('that is missing causes one warning per class', async () => {
      const first = guarded(() => 'done');
      await first.handler({});
      await first.handler({});
      await guarded(() => 'done').handler({});
      const Same = first.constructor as new () => typeof first;
      await new Same().handler({});
      expect(logger.messages).to.deep.equal([
        'warn: Orders.handler runs without a timeout',
        'warn: Orders.handler runs without a timeout',
      ]);
    });

    it('that is missing causes one warning per class of static handlers, and one for unbound handlers', async () => {
      class First {
        @GracefulTimeout({ marginMs, logger })
        static handler(_event: unknown): string {
          return 'first';
        }
      }
      class Second {
        @GracefulTimeout({ marginMs, logger })
        static handler(_event: unknown): string {
          return 'second';
        }
      }
      const { handler } = First;
      for (let round = 0; round < 2; round++) {
        await First.handler({});
        await Second.handler({});
        await handler.call(undefined as never, {});
      }
      expect(logger.messages).to.deep.equal([
        'warn: First.handler runs without a timeout',
        'warn: Second.handler runs without a timeout',
        'warn: handler runs without a timeout',
      ]);
    });
  });

  describe('clock (R9)', () => {
    it('has no timer if nothing is awaited', async () => {
      const setTimeout = sinon.spy(globalThis, 'setTimeout');
      await guarded(() => 'done').handler({}, new FakeContext(3000));
      expect(setTimeout.called).to.equal(false);
    });

    it('has one timer at a time, also in the grace', async () => {
      const orders = guarded(async () => {
        await wait(10);
        const { signal } = currentDeadline();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return time.clock.countTimers();
      });
      const timersInGrace = orders.handler({}, new FakeContext(3000));
      expect(time.clock.countTimers(), 'and that of the handler itself').to.equal(2);
      await time.clock.tickAsync(2000);
      expect(await timersInGrace).to.equal(1);
    });

    it('fixes the deadline before the handler starts, even if the handler blocks the event loop', async () => {
      const rejection = expectRejection(
        guarded(() => {
          time.clock.setSystemTime(Date.now() + 60_000);
          time.clock.tick(500);
          return forever();
        }).handler({}, new FakeContext(3000)),
      );
      await time.clock.tickAsync(1499);
      expect(time.clock.countTimers()).to.equal(1);
      await time.clock.tickAsync(1);
      expect(await rejection).to.include({ elapsedMs: 2000, lateByMs: 0 });
    });

    it('clears its timer when the handler returns, rejects and throws', async () => {
      await guarded(() => 'done').handler({}, new FakeContext(3000));
      expect(time.clock.countTimers()).to.equal(0);
      await expectRejection(
        guarded(() => Promise.reject(new Error('failed'))).handler({}, new FakeContext(3000)),
      );
      expect(time.clock.countTimers()).to.equal(0);
      const thrower = guarded(() => {
        throw new Error('failed');
      });
      await expectRejection(thrower.handler({}, new FakeContext(3000)));
      expect(time.clock.countTimers()).to.equal(0);
    });

    it('is monotonic: a change of the system time does not move the deadline', async () => {
      const rejection = expectRejection(guarded(forever).handler({}, new FakeContext(3000)));
      time.clock.setSystemTime(Date.now() + 3_600_000);
      await time.clock.tickAsync(1999);
      expect(time.clock.countTimers()).to.equal(1);
      await time.clock.tickAsync(1);
      expect(await rejection).to.be.instanceOf(LambdaTimeoutError);
    });

    it('waits for a deadline beyond the longest delay of a timer', async () => {
      const delayMs = 2 ** 31 * 2.5;
      const rejection = expectRejection(guarded(forever).handler({}, new FakeContext(delayMs + marginMs)));
      await time.clock.tickAsync(delayMs - 1);
      expect(time.clock.countTimers()).to.equal(1);
      await time.clock.tickAsync(1);
      expect(await rejection).to.include({ elapsedMs: delayMs });
    });

    it('never unrefs its timer', () => {
      const real = sinon.spy(globalThis, 'setTimeout');
      const pending = guarded(forever).handler({}, new FakeContext(3000));
      const timer = real.firstCall.returnValue as unknown as NodeJS.Timeout;
      expect(timer.hasRef()).to.equal(true);
      return Promise.all([expectRejection(pending), time.clock.tickAsync(3000)]);
    });
  });

  describe('with no time at the start (R10)', () => {
    for (const remainingMs of [999, 1000, 0, -50]) {
      it(`does not call the handler with ${remainingMs} ms left and a margin of 1000 ms, but runs the hooks`, async () => {
        const work = sinon.fake();
        const orders = guarded(work);
        const error = await expectRejection(orders.handler({}, new FakeContext(remainingMs)));
        expect(work.called).to.equal(false);
        expect(orders.ran).to.deep.equal(['report', 'close']);
        expect(error)
          .to.be.instanceOf(LambdaTimeoutError)
          .and.include({
            message: `Orders.handler timed out before it was called: its margin of 1000 ms leaves no time, with ${remainingMs} ms until the Lambda deadline`,
            remainingMs,
            elapsedMs: 0,
            lateByMs: 0,
          });
      });
    }

    it('calls the handler with 1001 ms left and a margin of 1000 ms', async () => {
      expect(await guarded(() => 'called').handler({}, new FakeContext(1001))).to.equal('called');
    });
  });

  describe('in time (R11)', () => {
    it('passes on what the handler returns: a value, a promise, a thenable', async () => {
      // biome-ignore lint/suspicious/noThenProperty: this spec needs a thenable
      const thenable = { then: (resolve: (value: string) => void) => resolve('thenable') };
      const callable = Object.assign(() => {}, thenable);
      for (const [returned, result] of [
        [callable, 'thenable'],
        ['value', 'value'],
        [undefined, undefined],
        [null, null],
        [Promise.resolve('promise'), 'promise'],
        [thenable, 'thenable'],
      ]) {
        const orders = guarded(() => returned);
        expect(await orders.handler({}, new FakeContext(3000))).to.equal(result);
        expect(orders.ran).to.deep.equal(['close']);
      }
    });

    it('passes on what the handler throws, whatever it is', async () => {
      for (const reason of [new Error('failed'), 'a string', undefined, null]) {
        const rejecting = guarded(() => Promise.reject(reason));
        expect(await expectRejection(rejecting.handler({}, new FakeContext(3000)))).to.equal(reason);
        const throwing = guarded(() => {
          throw reason;
        });
        expect(await expectRejection(throwing.handler({}, new FakeContext(3000)))).to.equal(reason);
        expect([rejecting.ran, throwing.ran]).to.deep.equal([['close'], ['close']]);
      }
      expect(logger.lines).to.deep.equal([]);
    });

    it('returns a promise even if the handler is not asynchronous', () => {
      expect(guarded(() => 'done').handler({}, new FakeContext(3000))).to.be.instanceOf(Promise);
    });

    it('rejects with what reading the `then` of a result throws', async () => {
      const failure = new Error('no then');
      const broken = Object.defineProperty({}, 'then', {
        get() {
          throw failure;
        },
      });
      expect(await expectRejection(guarded(() => broken).handler({}, new FakeContext(3000)))).to.equal(
        failure,
      );
    });

    it('times out a thenable that never settles', async () => {
      // biome-ignore lint/suspicious/noThenProperty: this spec needs a thenable
      const orders = guarded(() => ({ then() {} }));
      expect(await timedOut(time.clock, orders.handler.bind(orders))).to.be.instanceOf(LambdaTimeoutError);
      expect(orders.ran).to.deep.equal(['report', 'close']);
    });
  });

  describe('timing out (R12)', () => {
    it('aborts, logs, runs the hooks and settles, in this order', async () => {
      const order: string[] = [];
      class Orders {
        @GracefulTimeout({ marginMs, logger: { error: () => order.push('log'), warn() {} } })
        handler(_event: unknown, _context: unknown): Promise<void> {
          const { signal } = currentDeadline();
          return new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              order.push('abort');
              reject(signal.reason);
            });
          });
        }

        @OnTimeout
        protected report(): void {
          order.push('report');
        }

        @Finally
        protected close(): void {
          order.push('close');
        }
      }
      const orders = new Orders();
      const rejection = expectRejection(orders.handler({}, new FakeContext(3000)));
      rejection.then(() => order.push('settle'));
      await time.clock.tickAsync(2000);
      expect(await rejection).to.be.instanceOf(LambdaTimeoutError);
      expect(order).to.deep.equal(['abort', 'log', 'report', 'close', 'settle']);
    });

    it('aborts the signal with the error that the caller receives', async () => {
      let signal: AbortSignal | undefined;
      const orders = guarded(() => {
        signal = currentDeadline().signal;
        return forever();
      });
      const error = await timedOut(time.clock, orders.handler.bind(orders));
      expect(signal?.aborted).to.equal(true);
      expect(signal?.reason).to.equal(error);
    });

    it('logs the error once, with its message', async () => {
      const orders = guarded(forever);
      const error = await timedOut(time.clock, orders.handler.bind(orders));
      expect(logger.lines).to.deep.equal([
        {
          level: 'error',
          message: 'Orders.handler timed out 1000 ms before the Lambda deadline, after 2000 ms',
          detail: error,
        },
      ]);
    });

    it('does the same when the handler rejects with the reason of its signal', async () => {
      const orders = guarded(async () => {
        const { signal } = currentDeadline();
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      });
      expect(await timedOut(time.clock, orders.handler.bind(orders))).to.be.instanceOf(LambdaTimeoutError);
      expect(orders.ran).to.deep.equal(['report', 'close']);
      expect(logger.lines, 'no late rejection').to.have.length(1);
    });

    it('treats the timeout of another invocation as an ordinary failure', async () => {
      const other = guarded(forever);
      const foreign = await timedOut(time.clock, other.handler.bind(other));
      const orders = guarded(() => Promise.reject(foreign));
      expect(await expectRejection(orders.handler({}, new FakeContext(3000)))).to.equal(foreign);
      expect(orders.ran).to.deep.equal(['close']);
    });
  });

  describe('outcome of a timeout (R13)', () => {
    it('is the error, if no hook responds', async () => {
      const orders = guarded(forever);
      expect(await timedOut(time.clock, orders.handler.bind(orders))).to.be.instanceOf(LambdaTimeoutError);
    });

    const responding = (respond: () => unknown) => {
      class Orders {
        @GracefulTimeout({ marginMs, logger })
        handler(_event: unknown, _context: unknown): Promise<unknown> {
          return forever();
        }

        @OnTimeout({ respond: true })
        protected respond(): unknown {
          return respond();
        }
      }
      return new Orders();
    };

    for (const [title, value] of [
      ['a value', { statusCode: 504 }],
      ['undefined', undefined],
    ] as const) {
      it(`is what the responding hook returns: ${title}, at once or later`, async () => {
        for (const returned of [value, Promise.resolve(value)]) {
          const response = responding(() => returned).handler({}, new FakeContext(3000));
          await time.clock.tickAsync(2000);
          expect(await response).to.equal(value);
        }
      });
    }

    it('is the error with the cause, if the responding hook fails', async () => {
      const failure = new Error('no response');
      const orders = responding(() => Promise.reject(failure));
      const error = await timedOut(time.clock, orders.handler.bind(orders));
      expect(error).to.be.instanceOf(LambdaTimeoutError).with.property('cause', failure);
      expect(Object.keys(error)).not.to.include('cause');
      expect(logger.messages[1]).to.equal('error: Orders.respond failed');
    });

    it('is the error with the cause, if the responding hook is abandoned', async () => {
      const orders = responding(forever);
      const error = await timedOut(time.clock, orders.handler.bind(orders));
      expect(error).to.be.instanceOf(LambdaTimeoutError);
      expect(error.cause)
        .to.be.instanceOf(LambdaTimeoutError)
        .with.property('message', 'Orders.respond was abandoned after its share of the margin, 900 ms');
    });

    it('is the response of the subclass, if a superclass responds as well', async () => {
      const ran: string[] = [];
      class Base {
        @GracefulTimeout({ marginMs, logger })
        handler(_event: unknown, _context: unknown): Promise<string> {
          return forever();
        }

        @OnTimeout({ respond: true })
        protected respondBase(): string {
          ran.push('base');
          return 'base';
        }
      }
      class Orders extends Base {
        @OnTimeout({ respond: true })
        protected respond(): string {
          ran.push('orders');
          return 'orders';
        }
      }
      const response = new Orders().handler({}, new FakeContext(3000));
      await time.clock.tickAsync(2000);
      expect(await response).to.equal('orders');
      expect(ran).to.deep.equal(['orders', 'base']);
    });
  });

  describe('concurrency (R17)', () => {
    it('keeps sixty overlapping invocations of one instance apart', async () => {
      class Orders {
        readonly ran = new Map<string, string[]>();

        @GracefulTimeout({ marginMs, logger })
        async handler(event: { id: string; ms: number }, _context: FakeContext): Promise<string> {
          const deadline = currentDeadline();
          await wait(event.ms);
          deadline.throwIfExpired();
          return `${event.id} done`;
        }

        @OnTimeout
        protected async report(error: LambdaTimeoutError, event: { id: string }): Promise<void> {
          await wait(1);
          this.note(event.id, `report ${error.requestId}`);
        }

        @Finally
        protected async close(outcome: PromiseSettledResult<string>, event: { id: string }): Promise<void> {
          await wait(1);
          this.note(event.id, `close ${outcome.status}`);
        }

        private note(id: string, text: string): void {
          this.ran.set(id, [...(this.ran.get(id) ?? []), text]);
        }
      }
      const orders = new Orders();
      const calls = Array.from({ length: 60 }, (_, index) => {
        const id = `request-${index}`;
        const timeoutMs = 2000 + 37 * index;
        const ms = index % 3 === 0 ? 100_000 : 10 * index;
        return { id, ms, timeoutMs, result: orders.handler({ id, ms }, new FakeContext(timeoutMs, id)) };
      });
      const settled = Promise.allSettled(calls.map(({ result }) => result));
      await time.clock.tickAsync(10_000);
      (await settled).forEach((outcome, index) => {
        const { id, timeoutMs } = calls[index] as (typeof calls)[0];
        if (index % 3 === 0) {
          expect(outcome).to.have.property('status', 'rejected');
          expect((outcome as PromiseRejectedResult).reason).to.include({
            requestId: id,
            elapsedMs: timeoutMs - marginMs,
          });
          expect(orders.ran.get(id)).to.deep.equal([`report ${id}`, 'close rejected']);
        } else {
          expect(outcome).to.deep.equal({ status: 'fulfilled', value: `${id} done` });
          expect(orders.ran.get(id)).to.deep.equal(['close fulfilled']);
        }
      });
      await time.clock.tickAsync(100_000);
    });
  });

  describe('re-entry (R18)', () => {
    class Base {
      readonly ran: string[] = [];

      @GracefulTimeout({ marginMs, logger: new RecordingLogger() })
      async handler(_event: unknown, _context: unknown): Promise<unknown> {
        await wait(10);
        return time.clock.countTimers();
      }

      @Finally
      protected close(): void {
        this.ran.push('close');
      }
    }

    it('super.handler() is part of the invocation: there is one timer, and hooks run once', async () => {
      class Orders extends Base {
        @GracefulTimeout({ marginMs, logger: new RecordingLogger() })
        override async handler(event: unknown, context: unknown): Promise<unknown> {
          await wait(5);
          return super.handler(event, context);
        }
      }
      const orders = new Orders();
      const timers = orders.handler({}, new FakeContext(3000));
      await time.clock.tickAsync(15);
      expect(await timers).to.equal(1);
      expect(orders.ran).to.deep.equal(['close']);
    });

    it('a handler that is decorated twice is one invocation, with the outer margin', async () => {
      class Orders {
        readonly ran: string[] = [];

        @GracefulTimeout({ marginMs: 500, logger })
        @GracefulTimeout({ marginMs: 1500, logger })
        handler(_event: unknown, _context: unknown): Promise<void> {
          return forever();
        }

        @OnTimeout
        protected report(): void {
          this.ran.push('report');
        }
      }
      const orders = new Orders();
      const error = await timedOut(time.clock, orders.handler.bind(orders));
      expect(error).to.include({ marginMs: 500, elapsedMs: 2500 });
      expect(orders.ran).to.deep.equal(['report']);
    });

    it('super.handler() is part of the invocation also without a context', async () => {
      class Orders extends Base {
        @GracefulTimeout({ marginMs, logger: new RecordingLogger() })
        override async handler(event: unknown, context: unknown): Promise<unknown> {
          return super.handler(event, context);
        }
      }
      const orders = new Orders();
      const result = orders.handler({}, undefined);
      await time.clock.tickAsync(10);
      await result;
      expect(orders.ran).to.deep.equal(['close']);
    });

    it('a call on another instance, or with another context, is an invocation of its own', async () => {
      const other = new Base();
      class Orders extends Base {
        @GracefulTimeout({ marginMs, logger: new RecordingLogger() })
        override async handler(event: unknown, context: unknown): Promise<unknown> {
          return Promise.all([other.handler(event, context), super.handler(event, new FakeContext(3000))]);
        }
      }
      const orders = new Orders();
      const result = orders.handler({}, new FakeContext(3000));
      await time.clock.tickAsync(10);
      await result;
      expect(orders.ran).to.deep.equal(['close', 'close']);
      expect(other.ran).to.deep.equal(['close']);
    });

    it('two calls that overlap, but are not nested, are two invocations even with one context', async () => {
      const base = new Base();
      const context = new FakeContext(3000);
      const results = [base.handler({}, context), base.handler({}, context)];
      await time.clock.tickAsync(10);
      await Promise.all(results);
      expect(base.ran).to.deep.equal(['close', 'close']);
    });

    it('no hook runs twice when a hook calls the handler', async () => {
      let calls = 0;
      class Orders {
        readonly ran: string[] = [];

        @GracefulTimeout({ marginMs, logger })
        async handler(_event: unknown, _context: unknown): Promise<number> {
          return ++calls;
        }

        @Finally
        protected async again(_outcome: unknown, event: unknown, context: unknown): Promise<void> {
          this.ran.push(`again ${await this.handler(event, context)}`);
        }
      }
      const orders = new Orders();
      expect(await orders.handler({}, new FakeContext(3000))).to.equal(1);
      expect(orders.ran).to.deep.equal(['again 2']);
    });
  });
});
