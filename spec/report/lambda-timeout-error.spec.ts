import { expect } from 'chai';
import sinon from 'sinon';
import { currentDeadline, Finally, GracefulTimeout, LambdaTimeoutError } from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { useFakeTime } from '../support/fake-time.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { timedOut } from '../support/timed-out.js';

describe('LambdaTimeoutError (R23)', () => {
  const time = useFakeTime();

  class Orders {
    @GracefulTimeout({ marginMs: 1000, logger: new RecordingLogger() })
    handler(_event: unknown, _context: unknown): Promise<never> {
      return new Promise(() => {});
    }
  }
  const error = () => {
    const orders = new Orders();
    return timedOut(time.clock, orders.handler.bind(orders));
  };

  it('is an Error whose name is a literal, and not one of its own fields', async () => {
    const it = await error();
    expect(it).to.be.instanceOf(Error).and.instanceOf(LambdaTimeoutError);
    expect(it.name).to.equal('LambdaTimeoutError');
    expect(Object.keys(it)).not.to.include('name');
    expect(Object.getOwnPropertyDescriptor(LambdaTimeoutError, 'name')?.value).to.equal('LambdaTimeoutError');
    expect(it.stack).to.match(/^LambdaTimeoutError: Orders\.handler timed out/);
  });

  it('has a name that can be set, as that of each error', () => {
    const [ofError, ofTimeout] = [Error, LambdaTimeoutError].map(({ prototype }) =>
      Object.getOwnPropertyDescriptor(prototype, 'name'),
    );
    expect(ofTimeout).to.deep.equal({ ...ofError, value: 'LambdaTimeoutError' });
  });

  it('says what happened in its message', async () => {
    expect((await error()).message).to.equal(
      'Orders.handler timed out 1000 ms before the Lambda deadline, after 2000 ms',
    );
  });

  it('describes the invocation in own fields, which survive JSON, and has no other fields', async () => {
    sinon
      .stub(process, 'getActiveResourcesInfo')
      .returns(['Timeout', 'TCPSocketWrap', 'TCPSocketWrap', 'Timeout']);
    const it = await error();
    expect(JSON.parse(JSON.stringify(it))).to.deep.equal({
      handler: 'Orders.handler',
      requestId: 'request-1',
      marginMs: 1000,
      elapsedMs: 2000,
      remainingMs: 1000,
      lateByMs: 0,
      preempted: false,
      pending: [],
      activeResources: { Timeout: 1, TCPSocketWrap: 2 },
    });
  });

  it('does not count the timer of the timeout itself among the active resources', async () => {
    sinon.stub(process, 'getActiveResourcesInfo').returns(['Timeout']);
    const it = await error();
    expect(it.activeResources).to.deep.equal({});
  });

  describe('has a stack', () => {
    const framesOf = ({ stack = '' }: Error): string[] => stack.split('\n').slice(1);

    it('without frames if the deadline comes while the handler waits', async () => {
      expect(framesOf(await error())).to.deep.equal([]);
    });

    for (const [way, work] of Object.entries({
      'by throwIfExpired()': () => currentDeadline().throwIfExpired(),
      'by race()': () => currentDeadline().race(new Promise(() => {})),
    })) {
      it(`that begins at the line of the user if it is thrown ${way}`, async () => {
        class Late {
          @GracefulTimeout({ marginMs: 1000, logger: new RecordingLogger() })
          async handler(_event: unknown, _context: unknown): Promise<void> {
            time.clock.tick(2000);
            await work();
          }
        }
        const late = new Late();
        const thrown = await timedOut(time.clock, late.handler.bind(late));
        expect(framesOf(thrown)[0]).to.include('lambda-timeout-error.spec.js');
        expect(Object.getOwnPropertyDescriptor(thrown, 'stack')).to.include({
          configurable: true,
          enumerable: false,
          writable: true,
        });
      });
    }

    it('without frames in a program without `captureStackTrace`, whose class is defined there too', async () => {
      const { captureStackTrace } = Error;
      Reflect.deleteProperty(Error, 'captureStackTrace');
      const define = async () => {
        class Defined {
          @GracefulTimeout({ marginMs: 1000, logger: new RecordingLogger() })
          async handler(_event: unknown, _context: unknown): Promise<void> {
            await new Promise(() => {});
          }
        }
        const defined = new Defined();
        return framesOf(await timedOut(time.clock, defined.handler.bind(defined)));
      };
      const misuse = async () =>
        (Finally as (...args: unknown[]) => unknown)(() => {}, { kind: 'field', name: 'close' });
      const [frames, misused] = await Promise.allSettled([define(), misuse()]);
      Error.captureStackTrace = captureStackTrace;
      expect(frames).to.deep.equal({ status: 'fulfilled', value: [] });
      expect(misused).to.have.property('reason').that.is.instanceOf(TypeError);
    });

    it('without frames of this package if there is no time for the handler', async () => {
      const failed = await expectRejection(new Orders().handler({}, new FakeContext(10)));
      expect(framesOf(failed as Error).filter((frame) => /\/lib\//.test(frame))).to.deep.equal([]);
    });
  });

  it('names the class of the instance, also if it is a subclass, and a symbol by its description', async () => {
    const symbol = Symbol('handle');
    class Refunds extends Orders {
      @GracefulTimeout({ marginMs: 1000, logger: new RecordingLogger() })
      [symbol](_event: unknown, _context: unknown): Promise<never> {
        return new Promise(() => {});
      }
    }
    const refunds = new Refunds();
    expect((await timedOut(time.clock, refunds.handler.bind(refunds))).handler).to.equal('Refunds.handler');
    expect((await timedOut(time.clock, refunds[symbol].bind(refunds))).handler).to.equal(
      'Refunds.Symbol(handle)',
    );
  });

  it('names only the method if the class has no name', async () => {
    class Anonymous extends Orders {}
    Object.defineProperty(Anonymous, 'name', { value: '' });
    const anonymous = new Anonymous();
    const { handler } = await timedOut(time.clock, anonymous.handler.bind(anonymous));
    expect(handler).to.equal('handler');
  });

  it('names only the method if there is no instance', async () => {
    const { handler } = new Orders();
    expect((await timedOut(time.clock, handler.bind(undefined as never))).handler).to.equal('handler');
    expect((await timedOut(time.clock, handler.bind(Object.create(null)))).handler).to.equal('handler');
  });

  describe('instanceof', () => {
    it('is true for an error of another copy of this package', async () => {
      const { LambdaTimeoutError: Other } = (await import(
        `${new URL('../../lib/report/lambda-timeout-error.js', import.meta.url)}?copy`
      )) as { LambdaTimeoutError: typeof LambdaTimeoutError };
      expect(Other).not.to.equal(LambdaTimeoutError);
      const other = new Other('message', await error());
      expect(other instanceof LambdaTimeoutError).to.equal(true);
      expect((await error()) instanceof Other).to.equal(true);
    });

    it('is false for anything else', () => {
      for (const value of [undefined, null, 'LambdaTimeoutError', {}, new Error('other'), () => {}]) {
        expect((value as unknown) instanceof LambdaTimeoutError).to.equal(false);
      }
    });

    it('with a subclass is true only for that subclass', async () => {
      class Special extends LambdaTimeoutError {}
      expect((await error()) instanceof Special).to.equal(false);
      const special = new Special('message', await error());
      expect(special instanceof Special).to.equal(true);
      expect(special instanceof LambdaTimeoutError).to.equal(true);
    });
  });
});
