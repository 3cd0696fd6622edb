import { expect } from 'chai';
import sinon from 'sinon';
import {
  currentDeadline,
  Finally,
  GracefulTimeout,
  type LambdaTimeoutError,
  OnTimeout,
} from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { forever, useFakeTime } from '../support/fake-time.js';
import { gate } from '../support/gate.js';
import { useLeftUncaught } from '../support/left-uncaught.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { timedOut } from '../support/timed-out.js';

/** A handler with a hook of each kind, which notes what runs. */
function guarded(work: (...args: never[]) => unknown, marginMs = 1000) {
  const ran: string[] = [];
  class Orders {
    @GracefulTimeout({ marginMs, logger: new RecordingLogger() })
    handler(...args: unknown[]): unknown {
      return work(...(args as never[]));
    }

    @OnTimeout
    protected async report(): Promise<void> {
      await null;
      ran.push('report');
    }

    @Finally
    protected close(): void {
      ran.push('close');
    }
  }
  const orders = new Orders();
  return { handler: orders.handler.bind(orders) as (...args: unknown[]) => Promise<unknown>, ran };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a caller or a context of an odd kind', () => {
  describe('in virtual time', () => {
    const time = useFakeTime();

    for (const [title, awsRequestId] of Object.entries({
      'an object': { toString: () => 'request' },
      'a symbol': Symbol('request'),
      'a big number': 1n,
      'an object that leads to itself': Object.assign(Object.create(null), { self: undefined }),
    })) {
      it(`passes ${title} as the request id: the error is JSON-able and does not have it (R23)`, async () => {
        const { handler, ran } = guarded(forever);
        const context = Object.assign(new FakeContext(3000), { awsRequestId });
        const caller = expectRejection(handler({}, context));
        await time.clock.tickAsync(3000);
        const error = (await caller) as LambdaTimeoutError;
        expect(JSON.parse(JSON.stringify(error))).to.include({ handler: 'Orders.handler' });
        expect(error.requestId).to.equal(undefined);
        expect(ran).to.deep.equal(['report', 'close']);
      });
    }

    it('passes a strict mock, which throws at all that it was not told of: it times out (R8)', async () => {
      const { handler, ran } = guarded(forever);
      const context = new Proxy(new FakeContext(3000), {
        get(target, key) {
          if (key === 'getRemainingTimeInMillis') return () => target.getRemainingTimeInMillis();
          throw new Error(`unexpected access of ${String(key)}`);
        },
      });
      const caller = expectRejection(handler({}, context));
      await time.clock.tickAsync(3000);
      expect(await caller).to.include({ name: 'LambdaTimeoutError', requestId: undefined });
      expect(ran).to.deep.equal(['report', 'close']);
    });

    it('gives a margin above the time that is left: the hooks have nine tenths of that time (R10, R14)', async () => {
      let shareMs = 0;
      class Orders {
        @GracefulTimeout({ marginMs: 30_000, logger: new RecordingLogger() })
        handler(_event: unknown, _context: unknown): Promise<unknown> {
          return forever();
        }

        @OnTimeout
        protected report(): void {
          shareMs = currentDeadline().remainingMs();
        }
      }
      const orders = new Orders();
      await expectRejection(orders.handler({}, new FakeContext(3000)));
      expect(shareMs).to.equal(2700);
    });
  });

  it('has other invocations under way: their timers are not counted as what the process waits on (R23)', async () => {
    const countTimers = async () => {
      const error = await expectRejection(guarded(forever).handler({}, new FakeContext(1010)));
      return (error as LambdaTimeoutError).activeResources.Timeout ?? 0;
    };
    const { opened, open } = gate();
    const before = await countTimers();
    const others = Array.from({ length: 5 }, () =>
      guarded(() => opened).handler({}, new FakeContext(60_000)),
    );
    const beside = await countTimers();
    open();
    await Promise.all(others);
    // A timer that another spec has left may have ended meanwhile.
    expect(beside).to.be.at.most(before);
  });

  for (const value of [null, 0, '', false, undefined]) {
    it(`answers through the callback with ${JSON.stringify(value)}: that is the response (R21)`, async () => {
      class Orders {
        @GracefulTimeout({ marginMs: 1000, logger: new RecordingLogger() })
        handler(_event: unknown, _context: unknown, callback?: (error: null, value: unknown) => void): void {
          setImmediate(() => callback?.(null, value));
        }
      }
      expect(await new Orders().handler({}, new FakeContext(3000))).to.equal(value);
    });
  }

  for (const error of [0, '', false]) {
    it(`fails through the callback with ${JSON.stringify(error)}: that is the reason (R21)`, async () => {
      class Orders {
        @GracefulTimeout({ marginMs: 1000, logger: new RecordingLogger() })
        handler(_event: unknown, _context: unknown, callback?: (error: unknown) => void): void {
          callback?.(error);
        }
      }
      expect(await expectRejection(new Orders().handler({}, new FakeContext(3000)))).to.equal(error);
    });
  }

  it('answers through the callback with a thenable whose `then` throws: the handler fails (R21)', async () => {
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger: new RecordingLogger() })
      handler(_event: unknown, _context: unknown, callback?: (error: null, value: unknown) => void): void {
        const odd = Object.defineProperty({}, 'then', {
          get() {
            throw new RangeError('no then');
          },
        });
        setImmediate(() => callback?.(null, odd));
      }
    }
    expect(await expectRejection(new Orders().handler({}, new FakeContext(3000)))).to.be.instanceOf(
      RangeError,
    );
  });

  describe('has a clock that returns a promise which rejects', () => {
    const foreign = useLeftUncaught('unhandledRejection');

    it('runs the handler without a timeout, and leaves no rejection unhandled (R8)', async () => {
      const { handler, ran } = guarded(() => 'done');
      const context = { getRemainingTimeInMillis: () => Promise.reject(new Error('no clock')) };
      expect(await handler({}, context)).to.equal('done');
      await turn();
      expect(ran).to.deep.equal(['close']);
      expect(foreign).to.deep.equal([]);
    });
  });

  it('fakes timers within an invocation: each hook runs once (R9)', async () => {
    let clock: sinon.SinonFakeTimers | undefined;
    const { handler, ran } = guarded(async () => {
      await null;
      clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      return 'done';
    });
    try {
      expect(await handler({}, new FakeContext(1050))).to.equal('done');
    } finally {
      clock?.restore();
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(ran).to.deep.equal(['close']);
  });

  describe('has replaced AbortController', () => {
    const time = useFakeTime();
    const { AbortController: original } = globalThis;
    afterEach(() => {
      globalThis.AbortController = original;
    });

    it('gets the signal of that one, which aborts with the timeout (R24)', async () => {
      const aborted: unknown[] = [];
      class Polyfilled {
        readonly signal = { aborted: false, reason: undefined as unknown };
        abort(reason: unknown): void {
          Object.assign(this.signal, { aborted: true, reason });
          aborted.push(reason);
        }
      }
      globalThis.AbortController = Polyfilled as unknown as typeof AbortController;
      const { handler } = guarded(() => {
        expect(currentDeadline().signal.aborted).to.equal(false);
        return forever();
      });
      const error = await timedOut(time.clock, handler);
      expect([...new Set(aborted)]).to.deep.equal([error]);
    });

    it('times out and runs its hooks if that one throws what a listener has thrown (R16)', async () => {
      class Polyfilled {
        readonly signal = { aborted: false };
        abort(): void {
          throw new Error('of a listener');
        }
      }
      globalThis.AbortController = Polyfilled as unknown as typeof AbortController;
      const { handler, ran } = guarded(() => {
        expect(currentDeadline().signal.aborted).to.equal(false);
        return forever();
      });
      await timedOut(time.clock, handler);
      expect(ran).to.deep.equal(['report', 'close']);
    });
  });
});
