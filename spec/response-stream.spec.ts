import { PassThrough, type Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { expect } from 'chai';
import sinon from 'sinon';
import { Finally, GracefulTimeout, LambdaTimeoutError, OnTimeout } from '../lib/index.js';
import { FakeContext } from './support/context.js';
import { expectRejection } from './support/expect-rejection.js';
import { forever, useFakeTime, wait } from './support/fake-time.js';
import { RecordingLogger } from './support/recording-logger.js';

const marginMs = 1000;

describe('a streaming handler (R22)', () => {
  const time = useFakeTime();
  const logger = new RecordingLogger();

  type Work = (stream: Writable & Record<string, unknown>) => Promise<unknown>;

  const streaming = (
    work: Work,
    report?: (stream: Writable) => unknown,
    close?: (stream: Writable) => unknown,
  ) => {
    class Orders {
      @GracefulTimeout({ marginMs, logger })
      handler(_event: unknown, stream: Writable, _context: unknown): Promise<unknown> {
        return work(stream as Writable & Record<string, unknown>);
      }

      @OnTimeout({ respond: report !== undefined })
      protected report(_error: LambdaTimeoutError, _event: unknown, stream: Writable): unknown {
        return report?.(stream);
      }

      @Finally
      protected close(_outcome: unknown, _event: unknown, stream: Writable): unknown {
        return close?.(stream);
      }
    }
    return new Orders();
  };

  it('writes its response', async () => {
    const stream = new PassThrough();
    const orders = streaming(async (response) => {
      expect(response.writableEnded).to.equal(false);
      await pipeline(['one ', 'two'], response);
    });
    const body = text(stream);
    await orders.handler({}, stream, new FakeContext(3000));
    expect(await body).to.equal('one two');
  });

  it('can continue to write after it has returned in time', async () => {
    const stream = new PassThrough();
    const orders = streaming(async (response) => {
      setTimeout(() => response.end('later'), 2500);
    });
    const body = text(stream);
    await orders.handler({}, stream, new FakeContext(3000));
    await time.clock.tickAsync(2500);
    expect(await body).to.equal('later');
  });

  it('rejects with the error, and leaves the end of the stream to the runtime client', async () => {
    const stream = new PassThrough();
    const orders = streaming(async (response) => {
      response.write('begun');
      await forever();
    });
    const rejection = expectRejection(orders.handler({}, stream, new FakeContext(3000)));
    await time.clock.tickAsync(2000);
    expect(await rejection).to.be.instanceOf(LambdaTimeoutError);
    expect(stream.writableEnded).to.equal(false);
    expect(stream.read()?.toString()).to.equal('begun');
  });

  it('ends the stream with what a responding hook wrote', async () => {
    const stream = new PassThrough();
    const body = text(stream);
    const orders = streaming(
      (response) => {
        response.write('begun, ');
        return forever();
      },
      async (response) => {
        await wait(10);
        response.write('timed out');
      },
      (response) => {
        response.write(', closed');
      },
    );
    const response = orders.handler({}, stream, new FakeContext(3000));
    await time.clock.tickAsync(2010);
    expect(await response).to.equal(undefined);
    expect(await body).to.equal('begun, timed out, closed');
  });

  it('does not end the stream again if the responding hook has ended it', async () => {
    const stream = new PassThrough();
    const end = sinon.spy(stream, 'end');
    const orders = streaming(forever, (response) => void response.end('timed out'));
    const response = orders.handler({}, stream, new FakeContext(3000));
    await time.clock.tickAsync(2000);
    await response;
    expect(end.calledOnce).to.equal(true);
  });

  it('does not treat an event or another value as a stream', async () => {
    const event = { write: () => {}, end: sinon.fake() };
    class Orders {
      @GracefulTimeout({ marginMs, logger })
      handler(...args: unknown[]): unknown {
        return args[args.length - 2];
      }
    }
    expect(await new Orders().handler(event, new FakeContext(3000))).to.equal(event);
    for (const other of [null, undefined, {}, { write() {} }, { end() {} }]) {
      expect(await new Orders().handler({}, other, new FakeContext(3000))).to.equal(other);
    }
  });

  describe('on a runtime that waits for an empty event loop after the stream (up to nodejs22.x)', () => {
    const contextAfter = async (work: Work, context: FakeContext) => {
      const settled = Promise.allSettled([streaming(work).handler({}, new PassThrough(), context)]);
      await time.clock.tickAsync(2000);
      await settled;
      return context;
    };
    const waitingContext = () =>
      Object.assign(new FakeContext(3000), { callbackWaitsForEmptyEventLoop: true });

    it('is not waited for after it was abandoned', async () => {
      const context = await contextAfter(forever, waitingContext());
      expect(context).to.include({ callbackWaitsForEmptyEventLoop: false });
    });

    it('is waited for as the function is configured, if it ends in time', async () => {
      const context = await contextAfter(async () => {}, waitingContext());
      expect(context).to.include({ callbackWaitsForEmptyEventLoop: true });
    });

    it('adds nothing to the context of other runtimes, and accepts a frozen context', async () => {
      const context = await contextAfter(forever, new FakeContext(3000));
      expect(context).not.to.have.property('callbackWaitsForEmptyEventLoop');
      const frozen = waitingContext();
      Object.freeze(frozen);
      await contextAfter(forever, frozen);
      expect(frozen).to.include({ callbackWaitsForEmptyEventLoop: true });
    });
  });

  describe('that is abandoned', () => {
    const abandoned = async (afterwards: Work, stream: Writable) => {
      let done: Promise<unknown> | undefined;
      const orders = streaming((response) => {
        done = wait(2500).then(() => afterwards(response as Writable & Record<string, unknown>));
        return done;
      });
      const rejection = expectRejection(orders.handler({}, stream, new FakeContext(3000)));
      await time.clock.tickAsync(2500);
      expect(await rejection).to.be.instanceOf(LambdaTimeoutError);
      return done;
    };

    it('cannot write any more: `write()` returns false, as for a full stream', async () => {
      const stream = new PassThrough();
      const answer = await abandoned(async (response) => response.write('late'), stream);
      expect(answer).to.equal(false);
      expect(stream.readableLength).to.equal(0);
    });

    it('cannot end, destroy or cork the stream', async () => {
      const stream = new PassThrough();
      await abandoned(async (response) => {
        expect(response.end('late')).to.equal(response);
        expect(response.destroy(new Error('late'))).to.equal(response);
        response.cork();
      }, stream);
      expect(stream).to.include({ writableEnded: false, destroyed: false, writableCorked: 0 });
    });

    it('gets the timeout in the callback of its write', async () => {
      const error = await abandoned(
        (response) => new Promise((resolve) => response.write('late', 'utf8', resolve)),
        new PassThrough(),
      );
      expect(error).to.be.instanceOf(LambdaTimeoutError);
    });

    it('cannot call the methods that the runtime client adds or needs', async () => {
      const stream = Object.assign(new PassThrough(), { setContentType: sinon.fake() });
      stream.cork();
      await abandoned(async (response) => {
        (response.setContentType as (type: string) => void)('text/plain');
        response.uncork();
      }, stream);
      expect(stream.setContentType.called).to.equal(false);
      expect(stream.writableCorked).to.equal(1);
    });

    it('can add listeners and read properties, but not set properties', async () => {
      const stream = Object.assign(new PassThrough(), { prelude: 'of the handler' });
      const listener = () => {};
      await abandoned(async (response) => {
        response.on('close', listener);
        expect(response.writableEnded).to.equal(false);
        response.prelude = 'late';
      }, stream);
      expect(stream.listeners('close')).to.include(listener);
      expect(stream.prelude).to.equal('of the handler');
    });

    it('cannot write with a method that it took from the stream in time', async () => {
      const stream = new PassThrough();
      let write: ((chunk: string) => boolean) | undefined;
      const orders = streaming(async (response) => {
        write = response.write;
        expect(write('in time')).to.equal(true);
        await forever();
      });
      const rejection = expectRejection(orders.handler({}, stream, new FakeContext(3000)));
      await time.clock.tickAsync(2000);
      await rejection;
      expect(write?.('late')).to.equal(false);
      expect(stream.read()?.toString()).to.equal('in time');
    });

    it('cannot write with what a method of the stream has returned', async () => {
      const stream = new PassThrough();
      let chained: Writable | undefined;
      const orders = streaming(async (response) => {
        chained = response.on('drain', () => {}).setDefaultEncoding('utf8');
        chained.write('in time');
        await forever();
      });
      const rejection = expectRejection(orders.handler({}, stream, new FakeContext(3000)));
      await time.clock.tickAsync(2000);
      await rejection;
      expect(chained).not.to.equal(stream);
      chained?.write('late');
      chained?.end();
      expect(stream.read()?.toString()).to.equal('in time');
      expect(stream.writableEnded).to.equal(false);
    });

    it('cannot write in a listener of the stream, and could remove each listener that it had added', async () => {
      const stream = new PassThrough();
      const removed = sinon.fake();
      const orders = streaming(async (response) => {
        response.on('pause', function (this: Writable) {
          this.write('late');
        });
        response.on('pause', removed).off('pause', removed);
        response.once('pause', removed).off('pause', removed);
        await forever();
      });
      const rejection = expectRejection(orders.handler({}, stream, new FakeContext(3000)));
      await time.clock.tickAsync(2000);
      await rejection;
      stream.emit('pause');
      expect(stream.readableLength).to.equal(0);
      expect(removed.called).to.equal(false);
    });

    it('could set properties in time', async () => {
      const stream = Object.assign(new PassThrough(), { prelude: '' });
      const orders = streaming(async (response) => {
        response.prelude = 'of the handler';
      });
      await orders.handler({}, stream, new FakeContext(3000));
      expect(stream.prelude).to.equal('of the handler');
    });

    it('leaves the stream to the hook, whose late writes are dropped as well', async () => {
      const stream = new PassThrough();
      const orders = streaming(forever, async (response) => {
        response.write('in time');
        await wait(800);
        response.write('too late');
      });
      const rejection = expectRejection(orders.handler({}, stream, new FakeContext(3000)));
      await time.clock.tickAsync(3000);
      await rejection;
      expect(stream.read()?.toString()).to.equal('in time');
    });
  });
});
