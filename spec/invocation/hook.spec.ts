import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import sinon from 'sinon';
import { currentDeadline, Finally, GracefulTimeout, LambdaTimeoutError, OnTimeout } from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { forever, useFakeTime, wait } from '../support/fake-time.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { timedOut } from '../support/timed-out.js';

const marginMs = 1000;

describe('the hooks of an invocation', () => {
  const time = useFakeTime();
  let logger: RecordingLogger;

  beforeEach(() => {
    logger = new RecordingLogger();
  });

  type Step = (...args: unknown[]) => unknown;

  const guarded = (
    work: () => unknown,
    hooks: Partial<Record<'report' | 'close1' | 'close2', Step>>,
    options = {},
  ) => {
    class Orders {
      @GracefulTimeout({ marginMs, logger, ...options })
      handler(_event: unknown, _context: unknown): unknown {
        return work();
      }

      @OnTimeout
      protected report(...args: unknown[]): unknown {
        return hooks.report?.(...args);
      }

      @Finally
      protected close1(...args: unknown[]): unknown {
        return hooks.close1?.(...args);
      }

      @Finally
      protected close2(...args: unknown[]): unknown {
        return hooks.close2?.(...args);
      }
    }
    return new Orders();
  };

  describe('time (R14)', () => {
    const shares = (work: () => unknown, options = {}) => {
      const seen: number[] = [];
      const share = () => {
        seen.push(currentDeadline().remainingMs());
      };
      return { seen, orders: guarded(work, { report: share, close1: share, close2: share }, options) };
    };

    it('is shared equally up to a reserve of 10 % of the margin', async () => {
      const { seen, orders } = shares(forever);
      await timedOut(time.clock, orders.handler.bind(orders));
      expect(seen).to.deep.equal([300, 450, 900]);
    });

    it('is shared up to the reserve that `reserveMs` sets', async () => {
      const { seen, orders } = shares(forever, { reserveMs: 400 });
      await timedOut(time.clock, orders.handler.bind(orders));
      expect(seen).to.deep.equal([200, 300, 600]);
    });

    it('ends at the Lambda deadline if the reserve is 0', async () => {
      const { seen, orders } = shares(forever, { reserveMs: 0 });
      await timedOut(time.clock, orders.handler.bind(orders));
      expect(seen[2]).to.equal(1000);
    });

    it('is shared among the @Finally hooks if the handler ends in time', async () => {
      const { seen, orders } = shares(() => 'done');
      await orders.handler({}, new FakeContext(3000));
      expect(seen).to.deep.equal([1450, 2900]);
    });

    it('is unlimited if the invocation runs without a timeout', async () => {
      const { seen, orders } = shares(() => 'done');
      await orders.handler({}, {});
      expect(seen).to.deep.equal([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
    });

    it('that a hook does not use goes to the next hooks', async () => {
      const seen: number[] = [];
      const orders = guarded(forever, {
        report: () => wait(100),
        close1: () => seen.push(currentDeadline().remainingMs()),
      });
      await timedOut(time.clock, orders.handler.bind(orders));
      expect(seen).to.deep.equal([400]);
    });

    it('a hook that hangs is abandoned and logged by name, and the next one starts', async () => {
      const started: number[] = [];
      const start = () => started.push(performance.now() - startedAt);
      const orders = guarded(forever, {
        report: () => {
          start();
          return forever();
        },
        close1: () => {
          start();
          return forever();
        },
        close2: start,
      });
      const startedAt = performance.now();
      const error = await timedOut(time.clock, orders.handler.bind(orders));
      expect(started).to.deep.equal([2000, 2300, 2600]);
      expect(error.message).to.match(/^Orders\.handler timed out/);
      expect(logger.messages.slice(1)).to.deep.equal([
        'error: Orders.report was abandoned after its share of the margin, 300 ms',
        'error: Orders.close1 was abandoned after its share of the margin, 300 ms',
      ]);
    });

    it('the invocation ends at the hook deadline even if every hook hangs', async () => {
      const orders = guarded(forever, { report: forever, close1: forever, close2: forever });
      let settled = false;
      const rejection = expectRejection(orders.handler({}, new FakeContext(3000))).then(() => {
        settled = true;
      });
      await time.clock.tickAsync(2899);
      expect(settled).to.equal(false);
      await time.clock.tickAsync(1);
      expect(settled).to.equal(true);
      await rejection;
    });

    it('every hook starts even if no time is left, and quick hooks can end', async () => {
      const ran: string[] = [];
      const orders = guarded(
        () => 'never called',
        {
          report: async () => ran.push('report'),
          close1: () => {
            ran.push('close1');
            return forever();
          },
          close2: async () => ran.push('close2'),
        },
        {},
      );
      const rejection = expectRejection(orders.handler({}, new FakeContext(-10)));
      await time.clock.tickAsync(1);
      await rejection;
      expect(ran).to.deep.equal(['report', 'close1', 'close2']);
      expect(logger.messages.at(-1)).to.equal(
        'error: Orders.close1 was abandoned after its share of the margin, 0 ms',
      );
    });

    it('the error of an abandoned hook has all its fields even if the handler was never called', async () => {
      let signal: AbortSignal | undefined;
      const orders = guarded(() => 'never called', {
        report: () => {
          signal = currentDeadline().signal;
          return forever();
        },
      });
      sinon.stub(process, 'getActiveResourcesInfo').returns(['Timeout', 'Timeout']);
      const rejection = expectRejection(orders.handler({}, new FakeContext(1000)));
      await time.clock.tickAsync(300);
      await rejection;
      expect(signal?.reason).to.deep.include({
        lateByMs: 0,
        elapsedMs: 300,
        activeResources: { Timeout: 1 },
      });
    });

    it('an abandoned hook has an aborted signal and an error of its own', async () => {
      let signal: AbortSignal | undefined;
      const orders = guarded(forever, {
        report: () => {
          signal = currentDeadline().signal;
          return forever();
        },
      });
      const error = await timedOut(time.clock, orders.handler.bind(orders));
      expect(signal?.aborted).to.equal(true);
      expect(signal?.reason).to.be.instanceOf(LambdaTimeoutError).and.not.equal(error);
      expect(signal?.reason).to.include({
        handler: 'Orders.handler',
        elapsedMs: 2300,
        remainingMs: 700,
        lateByMs: 0,
      });
    });

    it('no timer is left when a hook is asynchronous, throws or returns nothing', async () => {
      const orders = guarded(() => 'done', {
        close1: async () => {},
        close2: () => {
          throw new Error('failed');
        },
      });
      await expectRejection(orders.handler({}, new FakeContext(3000)));
      expect(time.clock.countTimers()).to.equal(0);
    });
  });

  describe('failures (R15)', () => {
    const fail = (reason: unknown) => () => {
      throw reason;
    };
    const failure = new Error('hook failed');

    it('never stop other hooks, and never replace the timeout', async () => {
      const close2 = sinon.fake();
      const orders = guarded(forever, {
        report: fail(failure),
        close1: () => Promise.reject(failure),
        close2,
      });
      const error = await timedOut(time.clock, orders.handler.bind(orders));
      expect(error).to.be.instanceOf(LambdaTimeoutError).and.not.have.property('cause');
      expect(close2.calledOnce).to.equal(true);
      expect(logger.lines.slice(1)).to.deep.equal([
        { level: 'error', message: 'Orders.report failed', detail: failure },
        { level: 'error', message: 'Orders.close1 failed', detail: failure },
      ]);
    });

    it('never replace the error of the handler', async () => {
      const reason = new Error('handler failed');
      const orders = guarded(() => Promise.reject(reason), { close1: fail(failure) });
      expect(await expectRejection(orders.handler({}, new FakeContext(3000)))).to.equal(reason);
      expect(logger.messages).to.deep.equal(['error: Orders.close1 failed']);
    });

    it('never replace a response to a timeout', async () => {
      class Orders {
        @GracefulTimeout({ marginMs, logger })
        handler(_event: unknown, _context: unknown): Promise<string> {
          return forever();
        }

        @OnTimeout({ respond: true })
        protected respond(): string {
          return 'response';
        }

        @Finally
        protected close(): void {
          throw failure;
        }
      }
      const response = new Orders().handler({}, new FakeContext(3000));
      await time.clock.tickAsync(2000);
      expect(await response).to.equal('response');
      expect(logger.messages.at(-1)).to.equal('error: Orders.close failed');
    });

    it('of a @Finally hook make the invocation reject after its handler has fulfilled', async () => {
      const close2 = sinon.fake();
      const orders = guarded(() => 'done', { close1: fail(failure), close2 });
      expect(await expectRejection(orders.handler({}, new FakeContext(3000)))).to.equal(failure);
      expect(
        close2.firstCall.args[0],
        'the next hook hears what the caller is about to receive',
      ).to.deep.equal({
        status: 'rejected',
        reason: failure,
      });
    });

    it('make the invocation reject with an AggregateError if there are several', async () => {
      const second = new Error('second');
      const orders = guarded(() => 'done', { close1: fail(failure), close2: fail(second) });
      const error = await expectRejection(orders.handler({}, new FakeContext(3000)));
      expect(error)
        .to.be.instanceOf(AggregateError)
        .and.deep.include({
          message: '2 @Finally hooks of Orders.handler failed',
          errors: [failure, second],
        });
    });

    it('make the invocation reject also if they are abandoned hooks', async () => {
      const orders = guarded(() => 'done', { close1: forever });
      const error = await timedOut(time.clock, orders.handler.bind(orders));
      expect(error)
        .to.be.instanceOf(LambdaTimeoutError)
        .with.property('message', 'Orders.close1 was abandoned after its share of the margin, 1450 ms');
    });

    it('are not the cause of the timeout if the hook rethrows the timeout or has frozen it', async () => {
      for (const respond of [
        (error: unknown) => {
          throw error;
        },
        (error: unknown) => {
          Object.freeze(error);
          throw failure;
        },
      ]) {
        class Orders {
          closed = false;

          @GracefulTimeout({ marginMs, logger })
          handler(_event: unknown, _context: unknown): Promise<string> {
            return forever();
          }

          @OnTimeout({ respond: true })
          protected respond(error: unknown): void {
            respond(error);
          }

          @Finally
          protected close(): void {
            this.closed = true;
          }
        }
        const orders = new Orders();
        const error = await timedOut(time.clock, orders.handler.bind(orders));
        expect(error).to.be.instanceOf(LambdaTimeoutError).and.not.have.property('cause');
        expect(orders.closed).to.equal(true);
      }
    });

    it('can be a value that cannot be shown as text', async () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      const orders = guarded(() => 'done', { close1: fail(proxy) });
      // In an array, because no promise can fulfil with it.
      const rejection = orders.handler({}, new FakeContext(3000)) as Promise<unknown>;
      const reasons: unknown[] = await rejection.then(
        () => [],
        (reason: unknown) => [reason],
      );
      expect(reasons[0] === proxy).to.equal(true);
    });

    it('are logged unchanged if they come from another realm, as under Jest', async () => {
      const foreign = runInNewContext("new TypeError('foreign')") as Error;
      expect(foreign).not.to.be.instanceOf(Error);
      const orders = guarded(() => 'done', { close1: fail(foreign) });
      await expectRejection(orders.handler({}, new FakeContext(3000)));
      expect(logger.lines[0]?.detail).to.equal(foreign);
    });

    it('can be anything that can be thrown', async () => {
      for (const reason of ['a string', undefined, null, 5]) {
        const orders = guarded(() => 'done', { close1: fail(reason), close2: () => undefined });
        expect(await expectRejection(orders.handler({}, new FakeContext(3000)))).to.equal(reason);
      }
      expect(logger.lines.map(({ detail }) => detail)).to.deep.equal(['a string', 'undefined', 'null', '5']);
    });

    it('include a hook that was replaced with something that is not a method', async () => {
      class Orders {
        @GracefulTimeout({ marginMs, logger })
        async handler(_event: unknown, _context: unknown): Promise<void> {}

        @Finally
        close(): void {}
      }
      for (const close of ['not a method', undefined]) {
        const orders = Object.assign(new Orders(), { close });
        expect(await expectRejection(orders.handler({}, new FakeContext(3000)))).to.be.instanceOf(TypeError);
      }
    });
  });
});
