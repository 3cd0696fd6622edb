import { expect } from 'chai';
import { currentDeadline, GracefulTimeout, LambdaTimeoutError, OnTimeout } from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { forever, useFakeTime, wait } from '../support/fake-time.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { timedOut } from '../support/timed-out.js';

const marginMs = 1000;

/** What axios up to 0.26 throws. */
class Cancel {
  readonly message = 'canceled';
}

describe('an attempt', () => {
  const time = useFakeTime();
  let logger: RecordingLogger;

  beforeEach(() => {
    logger = new RecordingLogger();
  });

  describe('after it was abandoned (R16)', () => {
    const unhandled: unknown[] = [];
    const keep = (reason: unknown) => unhandled.push(reason);

    beforeEach(() => {
      unhandled.length = 0;
      process.on('unhandledRejection', keep);
    });
    afterEach(() => {
      process.off('unhandledRejection', keep);
    });

    const guarded = (work: () => Promise<unknown>, report: () => unknown = () => {}) => {
      class Orders {
        reports = 0;

        @GracefulTimeout({ marginMs, logger })
        handler(_event: unknown, _context: unknown): Promise<unknown> {
          return work();
        }

        @OnTimeout
        protected report(): unknown {
          this.reports++;
          return report();
        }
      }
      return new Orders();
    };
    const late = async (): Promise<never> => {
      await wait(5000);
      throw new Error('late');
    };
    const afterGrace = (reject: (reason: unknown) => void, reason: unknown) =>
      setTimeout(reject, marginMs / 2, reason);
    /** Waits until Node has reported every unhandled rejection. */
    const settle = async () => {
      time.clock.restore();
      await new Promise((resolve) => setImmediate(resolve));
    };

    it('a rejection of the handler is swallowed, and logged with the id of its request', async () => {
      const orders = guarded(late);
      const error = await timedOut(time.clock, orders.handler.bind(orders));
      expect(error).to.be.instanceOf(LambdaTimeoutError);
      await time.clock.tickAsync(5000);
      await settle();
      expect(unhandled).to.deep.equal([]);
      expect(orders.reports).to.equal(1);
      expect(logger.messages.slice(1)).to.deep.equal([
        'warn: Orders.handler rejected late, after it had ended, in request request-1',
      ]);
      expect(logger.lines[1]?.detail).to.be.instanceOf(Error).with.property('message', 'late');
    });

    it('a rejection of a hook is swallowed and logged as well', async () => {
      const orders = guarded(forever, late);
      await timedOut(time.clock, orders.handler.bind(orders));
      await time.clock.tickAsync(8000);
      await settle();
      expect(unhandled).to.deep.equal([]);
      expect(logger.messages.slice(1)).to.deep.equal([
        'error: Orders.report was abandoned after its share of the margin, 900 ms',
        'warn: Orders.report rejected late, after it had ended, in request request-1',
      ]);
    });

    it('a rejection that only passes on the abort of the signal is not logged, and is no cause', async () => {
      for (const heed of [
        (signal: AbortSignal) => signal.reason,
        (signal: AbortSignal) => new DOMException('aborted', { name: 'AbortError', cause: signal.reason }),
        () => Object.assign(new Error('aborted'), { name: 'AbortError' }),
        () => Object.assign(new Error('Aborted'), { code: 'ABORTED' }), // superagent
        () => Object.assign(new Error('stopped'), { name: 'CancelError' }),
        () => Object.assign(new Error('stopped'), { name: 'CancellationError' }),
        () => new Cancel(),
        ({ reason }: AbortSignal) => Object.assign(new Error(reason.message), { name: 'ConnectionError' }), // Elasticsearch
        ({ reason }: AbortSignal) => ({ message: String(reason), details: '' }), // Supabase
      ]) {
        logger = new RecordingLogger();
        const orders = guarded(() => {
          const { signal } = currentDeadline();
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(heed(signal))));
        });
        expect(await timedOut(time.clock, orders.handler.bind(orders))).not.to.have.property('cause');
        expect(logger.lines.map(({ level }) => level)).to.deep.equal(['error']);
      }
    });

    it('a rejection that looks like one, but is of another kind, is logged', async () => {
      for (const reason of [
        Object.assign(new Error('a condition has failed'), { name: 'TransactionCanceledException' }),
        Object.assign(new Error('lost'), { code: 'ECONNRESET' }),
        new Error(''),
        'AbortError',
      ]) {
        logger = new RecordingLogger();
        const orders = guarded(() => {
          const { signal } = currentDeadline();
          return new Promise((_, reject) =>
            signal.addEventListener('abort', () => afterGrace(reject, reason)),
          );
        });
        await timedOut(time.clock, orders.handler.bind(orders));
        expect(logger.lines.map(({ level }) => level)).to.deep.equal(['error', 'warn']);
      }
    });

    it('an AbortError is logged if the handler has not asked for the signal', async () => {
      const abortError = Object.assign(new Error('aborted'), { name: 'AbortError' });
      const orders = guarded(() => wait(5000).then(() => Promise.reject(abortError)));
      await timedOut(time.clock, orders.handler.bind(orders));
      await time.clock.tickAsync(5000);
      expect(logger.lines.map(({ level }) => level)).to.deep.equal(['error', 'warn']);
    });

    it('an error that leads to the timeout and to another failure is logged', async () => {
      const orders = guarded(() => {
        const { signal } = currentDeadline();
        const fail = () =>
          new AggregateError([signal.reason, new Error('a deadlock')], 'no replica answered');
        return new Promise((_, reject) => signal.addEventListener('abort', () => afterGrace(reject, fail())));
      });
      await timedOut(time.clock, orders.handler.bind(orders));
      expect(logger.lines[1]?.detail).to.have.property('message', 'no replica answered');
    });

    it('a rejection without a reason is swallowed and logged like any other', async () => {
      const orders = guarded(() => wait(5000).then(() => Promise.reject()));
      await timedOut(time.clock, orders.handler.bind(orders));
      await time.clock.tickAsync(5000);
      expect(logger.lines[1]?.detail).to.equal('undefined');
    });

    it('a late answer of the handler or of a hook changes nothing, and is logged with advice', async () => {
      const answer = async () => {
        await wait(5000);
        return 'of the user';
      };
      const orders = guarded(answer, answer);
      await timedOut(time.clock, orders.handler.bind(orders));
      await time.clock.tickAsync(8000);
      expect(orders.reports).to.equal(1);
      expect(logger.messages.slice(2)).to.deep.equal([
        'warn: Orders.handler answered late, after it had timed out, in request request-1',
        'warn: Orders.report answered late, after it had timed out, in request request-1',
      ]);
      for (const { detail } of logger.lines.slice(2)) {
        expect(detail).to.match(/^Nobody waits for it any more\. Give `currentDeadline\(\)\.signal` to/);
      }
    });
  });

  describe('callback handlers (R21)', () => {
    type Callback = (error?: unknown, value?: unknown) => void;
    const guarded = (work: (callback: Callback) => unknown) => {
      class Orders {
        @GracefulTimeout({ marginMs, logger })
        handler(_event: unknown, _context: unknown, callback: Callback): unknown {
          return work(callback);
        }
      }
      const orders = new Orders();
      return orders.handler.bind(orders) as (...args: unknown[]) => Promise<unknown>;
    };
    const refuse = () => {
      throw new Error('the callback of the runtime is not to be called');
    };

    for (const [title, passed] of [
      ['that passes a callback', [refuse]],
      ['that passes none', []],
    ] as const) {
      describe(`on a runtime ${title}`, () => {
        const invoke = (work: (callback: Callback) => unknown) =>
          guarded(work)({}, new FakeContext(3000), ...passed);

        it('answer with the value of the callback', async () => {
          const result = invoke((callback) => void setTimeout(callback, 10, null, 'done'));
          await time.clock.tickAsync(10);
          expect(await result).to.equal('done');
        });

        it('reject with the error of the callback', async () => {
          const rejection = expectRejection(invoke((callback) => void setTimeout(callback, 10, 'failed')));
          await time.clock.tickAsync(10);
          expect(await rejection).to.equal('failed');
        });

        it('answer at once if the callback is called at once', async () => {
          expect(await invoke((callback) => callback(undefined, 'done'))).to.equal('done');
        });

        it('time out if the callback is not called', async () => {
          const rejection = expectRejection(invoke(() => undefined));
          await time.clock.tickAsync(2000);
          expect(await rejection).to.be.instanceOf(LambdaTimeoutError);
        });

        it('answer with the promise if that is first', async () => {
          const result = invoke(async (callback) => {
            setTimeout(callback, 10, null, 'callback');
            return 'promise';
          });
          expect(await result).to.equal('promise');
          await time.clock.tickAsync(10);
        });

        it('answer with the callback if that is first', async () => {
          const result = invoke(async (callback) => {
            callback(null, 'callback');
            throw new Error('too late');
          });
          expect(await result).to.equal('callback');
          expect(logger.messages).to.deep.equal([
            'warn: Orders.handler rejected late, after it had ended, in request request-1',
          ]);
        });

        it('do not answer after the timeout', async () => {
          const rejection = expectRejection(
            invoke((callback) => void setTimeout(callback, 2500, null, 'late')),
          );
          await time.clock.tickAsync(2500);
          expect(await rejection).to.be.instanceOf(LambdaTimeoutError);
        });
      });
    }

    it('are handlers that are decorated twice too', async () => {
      class Orders {
        @GracefulTimeout({ marginMs: 1000, logger })
        @GracefulTimeout({ marginMs: 2000, logger })
        handler(_event: unknown, _context: unknown, callback?: Callback): void {
          setTimeout(() => callback?.(null, 'done'), 10);
        }
      }
      const result = new Orders().handler({}, new FakeContext(3000));
      await time.clock.tickAsync(10);
      expect(await result).to.equal('done');
    });

    it('wait for a promise that is given to the callback', async () => {
      const failure = new Error('failed');
      const invoke = (value: unknown) =>
        guarded((callback) => callback(null, value))({}, new FakeContext(3000));
      expect(await invoke(Promise.resolve('done'))).to.equal('done');
      expect(await expectRejection(invoke(Promise.reject(failure)))).to.equal(failure);
      const rejection = expectRejection(invoke(forever()));
      await time.clock.tickAsync(2000);
      expect(await rejection).to.be.instanceOf(LambdaTimeoutError);
    });

    it('do not give the callback of the runtime to hooks, even if there is no time for the handler', async () => {
      class Orders {
        @GracefulTimeout({ marginMs, logger })
        handler(_event: unknown, _context: unknown, _callback: Callback): void {}

        @OnTimeout
        protected report(_error: unknown, _event: unknown, _context: unknown, callback: Callback): void {
          callback(null, 'of a hook');
        }
      }
      const rejection = expectRejection(new Orders().handler({}, new FakeContext(10), refuse));
      expect(await rejection).to.be.instanceOf(LambdaTimeoutError);
    });

    it('do not wait for a callback that the handler does not declare', async () => {
      class Orders {
        @GracefulTimeout({ marginMs, logger })
        handler(_event: unknown, _context: unknown, ..._rest: unknown[]): void {}
      }
      expect(await new Orders().handler({}, new FakeContext(3000), refuse)).to.equal(undefined);
    });

    it('answer with what they return, if that is first', async () => {
      expect(await guarded(() => 'returned')({}, new FakeContext(3000))).to.equal('returned');
    });

    it('keep a third argument that is not a callback', async () => {
      class Orders {
        @GracefulTimeout({ marginMs, logger })
        handler(_event: unknown, _context: unknown, third: unknown): unknown {
          return third;
        }
      }
      expect(await new Orders().handler({}, new FakeContext(3000), 'third')).to.equal('third');
    });

    it('work without a context', async () => {
      expect(await guarded((callback) => callback(null, 'done'))({}, undefined)).to.equal('done');
    });
  });
});
