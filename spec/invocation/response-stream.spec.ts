import { EventEmitter, once } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { finished, pipeline } from 'node:stream/promises';
import { expect } from 'chai';
import sinon from 'sinon';
import { currentDeadline, Finally, GracefulTimeout, LambdaTimeoutError, OnTimeout } from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { forever, useFakeTime, wait } from '../support/fake-time.js';
import { RecordingLogger } from '../support/recording-logger.js';

const marginMs = 1000;

/** All that a stream holds. Newer versions of Node read one chunk at a time. */
const readAll = (stream: PassThrough): string => {
  let all = '';
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) all += chunk;
  return all;
};

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

  it('gets its event and its context as they are, and so do its hooks', async () => {
    const [event, context] = [{}, new FakeContext(3000)];
    const seen: unknown[] = [];
    class Orders {
      @GracefulTimeout({ marginMs, logger })
      handler(...[first, , third]: unknown[]): void {
        seen.push(first, third);
      }

      @Finally
      protected close(_outcome: unknown, ...[first, , third]: unknown[]): void {
        seen.push(first, third);
      }
    }
    await new Orders().handler(event, new PassThrough(), context);
    expect(seen.map((each, index) => each === [event, context][index % 2])).to.deep.equal(
      Array(4).fill(true),
    );
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
    expect(readAll(stream)).to.equal('begun');
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

    it('is waited for as the function is configured, if it has no stream', async () => {
      class Orders {
        @GracefulTimeout({ marginMs, logger })
        handler(_event: unknown, _context: unknown): Promise<never> {
          return forever();
        }
      }
      const context = waitingContext();
      const rejection = expectRejection(new Orders().handler({}, context));
      await time.clock.tickAsync(2000);
      await rejection;
      expect(context).to.include({ callbackWaitsForEmptyEventLoop: true });
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

  describe('whose time is not over', () => {
    const inTime = (work: Work, stream: object) =>
      streaming(work).handler({}, stream as Writable, new FakeContext(3000));

    it('writes at once, the very chunk, and sees how full the stream is', async () => {
      const written: unknown[] = [];
      const done: (() => void)[] = [];
      const stream = new Writable({
        highWaterMark: 4,
        write(chunk, _encoding, callback) {
          written.push(chunk);
          done.push(callback);
        },
      });
      await inTime(async (response) => {
        const chunk = Buffer.from('chunk');
        const flushed = sinon.fake();
        expect(response.write(chunk, flushed)).to.equal(false);
        expect(written[0]).to.equal(chunk);
        expect(response).to.include({ writableLength: 5, writableHighWaterMark: 4, writableNeedDrain: true });
        const drained = once(response, 'drain');
        expect(flushed.called).to.equal(false);
        done[0]?.();
        await drained;
        expect(flushed.calledOnce).to.equal(true);
        response.end();
        await finished(response);
        expect(response).to.include({ writableEnded: true, writableFinished: true });
      }, stream);
    });

    it('has finished as soon as the stream has, which may close later', async () => {
      const stream = new Writable({ emitClose: false, write: (_chunk, _encoding, done) => done() });
      await inTime((response) => pipeline(['one'], response), stream);
      expect(stream.writableFinished).to.equal(true);
    });

    it('leaves the stream open for what is written later, although an abandoned hook destroys it', async () => {
      const stream = new PassThrough();
      const orders = streaming(
        async () => {},
        undefined,
        async (response) => {
          await wait(2950);
          response.destroy();
        },
      );
      const rejection = expectRejection(orders.handler({}, stream, new FakeContext(3000)));
      await time.clock.tickAsync(3000);
      await rejection;
      expect(stream.destroyed).to.equal(false);
    });

    it('gets the error of the stream', async () => {
      const failure = new RangeError('broken');
      const stream = new Writable({ write: (_chunk, _encoding, callback) => callback(failure) });
      const orders = inTime((response) => pipeline(['one'], response), stream);
      expect(await expectRejection(orders)).to.equal(failure);
    });

    it('can destroy the stream, also through Writable.prototype, without a listener for the error', async () => {
      for (const destroy of [
        (response: Writable) => response.destroy(new Error('by the handler')),
        (response: Writable) => Writable.prototype.destroy.call(response, new Error('by the handler')),
      ]) {
        const stream = new PassThrough().on('error', () => {});
        await inTime(async (response) => {
          const closed = sinon.fake();
          response.on('close', closed);
          destroy(response);
          expect(response).to.include({ destroyed: true, writable: false });
          await new Promise(process.nextTick);
          expect(closed.calledOnce).to.equal(true);
          expect(response.write('late')).to.equal(false);
        }, stream);
        expect(stream.errored).to.have.property('message', 'by the handler');
      }
    });

    it('can still destroy it after it has returned', async () => {
      const stream = new PassThrough();
      await inTime(async (response) => void setTimeout(() => response.destroy(), 2500), stream);
      await time.clock.tickAsync(2500);
      expect(stream.destroyed).to.equal(true);
    });

    it('has a Writable, with the properties of the stream', async () => {
      const stream = Object.assign(new PassThrough(), { prelude: 'of the runtime', _type: 'text/plain' });
      await inTime(async (response) => {
        expect(response).to.be.instanceOf(Writable);
        expect(response.on('drain', () => {})).to.equal(response);
        expect('prelude' in response && Object.hasOwn(response, 'prelude')).to.equal(true);
        expect({ ...response }).to.include({ prelude: 'of the runtime', _type: 'text/plain' });
        expect(Object.hasOwn(response, 'absent') || 'absent' in response).to.equal(false);
        expect(Object.getOwnPropertyDescriptor(response, 'prelude')).to.deep.equal({
          value: 'of the runtime',
          writable: true,
          enumerable: true,
          configurable: true,
        });
        Writable.prototype.write.call(response, 'written', 'utf8');
        const ended = sinon.fake();
        Writable.prototype.end.call(response, 'ended', 'utf8', ended);
        await new Promise(process.nextTick);
        expect(ended.calledOnce).to.equal(true);
        delete response.prelude;
      }, stream);
      expect(stream).not.to.have.property('prelude');
      expect(stream.writableEnded).to.equal(true);
      expect(readAll(stream)).to.equal('writtenended');
    });

    it('has listeners of its own, each of which hears each event once', async () => {
      const stream = new PassThrough();
      const [ofOthers, removed, heard, alsoHeard] = Array.from({ length: 4 }, () => sinon.fake());
      const added: unknown[] = [];
      stream.on('drain', ofOthers as () => void);
      await inTime(async (response) => {
        response.on('drain', removed as () => void).removeAllListeners();
        response.on('newListener', (event) => added.push(event));
        response.on('drain', heard as () => void).addListener('drain', alsoHeard as () => void);
        response.on('of its own', heard as () => void).emit('of its own', 1);
        stream.emit('drain');
        stream.emit('of its own', 2);
      }, stream);
      expect([ofOthers, removed, alsoHeard].map((each) => each?.callCount)).to.deep.equal([1, 0, 1]);
      expect(heard?.args).to.deep.equal([[1], []]);
      expect(added).to.deep.equal(['drain', 'drain', 'of its own']);
    });

    it('gets what a method returns, also another stream', async () => {
      const other = new PassThrough();
      await inTime(async (response) => {
        expect((response as unknown as PassThrough).pipe(other)).to.equal(other);
        expect(response.end()).to.equal(response);
      }, new PassThrough());
    });

    it('gets a test double as it is: without methods that it does not have, frozen or not', async () => {
      const double = Object.freeze({ write: sinon.fake(), end: sinon.fake() });
      await inTime(async (response) => {
        response.write('one', 'utf8');
        response.end('two');
        expect([response.on, response.destroy, response.writableEnded]).to.deep.equal(
          Array(3).fill(undefined),
        );
        expect(() => {
          response.prelude = 'of the handler';
        }).to.throw(TypeError);
      }, double);
      expect(double.write.args).to.deep.equal([['one', 'utf8']]);
      expect(double.end.args).to.deep.equal([['two']]);
    });

    it('can destroy a test double that has events alone', async () => {
      const double = Object.assign(new EventEmitter(), { write() {}, end() {}, metadata: {} });
      await inTime(async (response) => {
        response._onBeforeFirstWrite = undefined;
        expect(response.metadata).to.equal(double.metadata);
        expect(response.destroy()).to.equal(response);
        await new Promise(process.nextTick);
        expect(response).to.include({ destroyed: true, errored: null });
      }, double);
      expect(double).to.have.property('_onBeforeFirstWrite', undefined);
    });
  });

  describe('whose stream is destroyed at the deadline', () => {
    const endless = () => new Readable({ read() {} });
    const piped = (stream: Writable, options: { end?: boolean } = {}) =>
      pipeline(endless(), stream, { signal: currentDeadline().signal, ...options });

    const outcomeOf = async (
      work: Work,
      stream: Writable = new PassThrough(),
      report?: (response: Writable) => unknown,
    ) => {
      const outcome = Promise.allSettled([
        streaming(work, report).handler({}, stream, new FakeContext(3000)),
      ]);
      await time.clock.tickAsync(2000);
      await new Promise(process.nextTick);
      await time.clock.tickAsync(900);
      return (await outcome)[0];
    };

    const expectTimeout = (outcome: PromiseSettledResult<unknown>, cause?: string): void => {
      expect(outcome).to.have.property('reason').that.is.instanceOf(LambdaTimeoutError);
      expect((outcome as PromiseRejectedResult).reason.cause?.message).to.equal(cause);
    };

    it('sees its pipeline reject, and times out; the stream stays open for the runtime client', async () => {
      const stream = new PassThrough();
      const left = sinon.fake();
      const outcome = await outcomeOf(async (response) => {
        try {
          await piped(response);
        } finally {
          await wait(10);
          left({ destroyed: response.destroyed });
        }
      }, stream);
      expectTimeout(outcome);
      expect(left.args).to.deep.equal([[{ destroyed: true }]]);
      expect(stream).to.include({ destroyed: false, writableEnded: false });
    });

    it('times out, whatever it returns', async () => {
      const stream = new PassThrough();
      const outcome = await outcomeOf(async (response) => {
        await piped(response).catch(() => {});
        expect(response.write('late')).to.equal(false);
        return 'all is well';
      }, stream);
      expectTimeout(outcome);
      expect(stream.readableLength).to.equal(0);
    });

    it('times out if only the clock tells of the deadline', async () => {
      time.clock.restore();
      const stream = new PassThrough();
      const orders = streaming(async (response) => {
        const until = performance.now() + 30;
        while (performance.now() < until);
        response.destroy();
      });
      const rejection = orders.handler({}, stream, new FakeContext(marginMs + 10));
      expect(await expectRejection(rejection)).to.be.instanceOf(LambdaTimeoutError);
      expect(stream.destroyed).to.equal(false);
    });

    it('has answered if it had ended the stream before', async () => {
      const outcome = await outcomeOf(async (response) => {
        response.end('whole');
        await once(currentDeadline().signal, 'abort');
        response.destroy();
        return 'all is well';
      });
      expect(outcome).to.deep.equal({ status: 'fulfilled', value: 'all is well' });
    });

    it('leaves a response that has ended as it is, whatever a hook writes', async () => {
      const stream = new PassThrough();
      const errors: unknown[] = [];
      stream.on('error', (error) => errors.push(error));
      const refused = sinon.fake();
      const outcome = await outcomeOf(
        async (response) => {
          response.end('whole');
          await forever();
        },
        stream,
        (response) => {
          expect(response.write('timed out', refused)).to.equal(false);
          response.end('timed out');
        },
      );
      expect(outcome.status).to.equal('fulfilled');
      expect(refused.firstCall.firstArg).to.have.property('message', 'The response stream has already ended');
      expect(errors).to.deep.equal([]);
      expect(readAll(stream)).to.equal('whole');
    });

    it('has the last words if the pipeline leaves the stream open', async () => {
      const stream = new PassThrough();
      const outcome = await outcomeOf(async (response) => {
        await piped(response, { end: false }).catch(() => {});
        response.end('last words');
      }, stream);
      expect(outcome.status).to.equal('fulfilled');
      expect(readAll(stream)).to.equal('last words');
    });

    it('leaves the stream to a hook that responds, also through a pipeline', async () => {
      const stream = new PassThrough();
      const outcome = await outcomeOf(
        (response) => piped(response),
        stream,
        (response) => pipeline(['timed out'], response),
      );
      expect(outcome).to.deep.equal({ status: 'fulfilled', value: undefined });
      expect(readAll(stream)).to.equal('timed out');
    });

    it('times out if the hook that responds destroys the stream, even if the hook hides it', async () => {
      const failing = () => new Readable({ read: () => {} }).destroy(new Error('no such file'));
      for (const [hook, cause] of [
        [(response: Writable) => pipeline(failing(), response), 'no such file'],
        [
          (response: Writable) => pipeline(failing(), response).catch(() => {}),
          'Orders.report destroyed its response stream',
        ],
      ] as const) {
        const stream = new PassThrough();
        expectTimeout(await outcomeOf((response) => piped(response), stream, hook), cause);
        expect(stream).to.include({ destroyed: false, writableEnded: false });
      }
    });
  });

  it('leaves the stream to its caller if it returns in its grace, and the warning says that it is open', async () => {
    const stream = new PassThrough();
    const linesBefore = logger.lines.length;
    const orders = streaming(async (response) => {
      await currentDeadline()
        .race(forever())
        .catch(() => response.write('last words'));
    });
    const answer = orders.handler({}, stream, new FakeContext(3000));
    await time.clock.tickAsync(2000);
    expect(await answer).to.equal(undefined);
    expect(stream.writableEnded).to.equal(false);
    expect(logger.lines.slice(linesBefore).map(({ message }) => message)).to.deep.equal([
      'Orders.handler ended 0 ms past its deadline, in its grace, and left its response stream open',
    ]);
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

    it('can add listeners, which hear of its end, and read properties, but not set properties', async () => {
      const stream = Object.assign(new PassThrough(), { prelude: 'of the handler' });
      const listener = sinon.fake();
      await abandoned(async (response) => {
        response.on('close', listener);
        expect(response.writableEnded).to.equal(false);
        response.prelude = 'late';
        delete response.prelude;
      }, stream);
      await new Promise(process.nextTick);
      expect(listener.calledOnce).to.equal(true);
      expect(stream.listeners('close')).not.to.include(listener);
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
      expect(readAll(stream)).to.equal('in time');
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
      expect(readAll(stream)).to.equal('in time');
      expect(stream.writableEnded).to.equal(false);
    });

    it('cannot write in a listener of the stream, and could remove each listener that it had added', async () => {
      const stream = new PassThrough();
      const removed = sinon.fake();
      const orders = streaming(async (response) => {
        response.on('close', function (this: Writable) {
          expect(this).to.equal(response);
          this.write('late');
        });
        response.on('close', removed).off('close', removed);
        response.once('close', removed).off('close', removed);
        await forever();
      });
      const rejection = expectRejection(orders.handler({}, stream, new FakeContext(3000)));
      await time.clock.tickAsync(2000);
      await rejection;
      stream.emit('close');
      await new Promise(process.nextTick);
      expect(stream.readableLength).to.equal(0);
      expect(removed.called).to.equal(false);
    });

    it('cannot reach the stream through methods of Writable, its prototype or its inner state', async () => {
      const stream = new PassThrough();
      await abandoned(async (response) => {
        const { write, end, destroy } = Writable.prototype;
        write.call(response, 'late', 'utf8');
        end.call(response, 'late', 'utf8');
        destroy.call(response, new Error('late'));
        Object.getPrototypeOf(response).write.call(response, 'late');
        expect(response._readableState).to.equal(undefined);
        expect(response._writableState).not.to.equal(Reflect.get(stream, '_writableState'));
        response._writableState = undefined;
        response.removeAllListeners().emit('error', new Error('late'));
      }, stream);
      expect(stream).to.include({ readableLength: 0, writableEnded: false, destroyed: false, errored: null });
    });

    it('cannot reach the socket of the stream, also not in time', async () => {
      const socket = new PassThrough();
      const stream = Object.assign(new PassThrough(), { socket, connection: socket, statusCode: 200 });
      const seen: unknown[] = [];
      const orders = streaming(async (response) => {
        seen.push(response.socket, response.connection, response.statusCode, { ...response }.socket);
        response.end();
      });
      await orders.handler({}, stream, new FakeContext(3000));
      expect(seen).to.deep.equal([undefined, undefined, 200, undefined]);
    });

    it('cannot break the events of the stream, whatever it makes of its own', async () => {
      const stream = new PassThrough();
      const broken: Work[] = [
        async (response) =>
          Object.setPrototypeOf(
            response.on('close', () => {}),
            null,
          ),
        async (response) => {
          response.on('close', () => {})._writableState = null;
        },
      ];
      for (const breakIt of broken) await abandoned(breakIt, stream);
      const inTime = streaming(async (response) =>
        Object.setPrototypeOf(
          response.on('close', () => {}),
          null,
        ),
      );
      await inTime.handler({}, stream, new FakeContext(3000));
      stream.emit('close');
    });

    it('cannot write with what it got before the first byte', async () => {
      const written: unknown[] = [];
      const stream = {
        _onBeforeFirstWrite: undefined as ((write: (chunk: string) => unknown) => void) | undefined,
        write(chunk: string) {
          this._onBeforeFirstWrite?.((before) => written.push(before));
          this._onBeforeFirstWrite = undefined;
          return written.push(chunk) > 0;
        },
        end() {},
      };
      let kept: ((chunk: string) => unknown) | undefined;
      const orders = streaming(
        async (response) => {
          response._onBeforeFirstWrite = (write: (chunk: string) => unknown) => {
            kept = write;
            write('200');
          };
          response.write('in time');
          await forever();
        },
        (response) => {
          Object.assign(response, {
            _onBeforeFirstWrite: (write: (chunk: string) => unknown) => write('504'),
          });
          response.write('timed out');
        },
      );
      const response = orders.handler({}, stream as never, new FakeContext(3000));
      await time.clock.tickAsync(2000);
      await response;
      expect(kept?.('late')).to.equal(false);
      expect(written).to.deep.equal(['200', 'in time', '504', 'timed out']);
    });

    it('sees its pipeline reject with the timeout when the response ends', async () => {
      const stream = new PassThrough();
      const source = new Readable({ read() {} });
      const linesBefore = logger.lines.length;
      let piped: Promise<void> | undefined;
      const orders = streaming(async (response) => {
        piped = pipeline(source, response);
        await piped;
      });
      const rejection = expectRejection(orders.handler({}, stream, new FakeContext(3000)));
      await time.clock.tickAsync(2000);
      const timeout = await rejection;
      stream.end();
      expect(await expectRejection(piped)).to.equal(timeout);
      expect(source.destroyed).to.equal(true);
      // The error of the timeout alone: nothing about a late rejection.
      expect(logger.lines).to.have.length(linesBefore + 1);
    });

    it('leaves the status of the response to a hook, if no byte has left', async () => {
      const stream = Object.assign(new PassThrough(), { _onBeforeFirstWrite: undefined as unknown });
      const ofHook = sinon.fake();
      const orders = streaming(
        async (response) => {
          response._onBeforeFirstWrite = () => {};
          await forever();
        },
        (response) => void Object.assign(response, { _onBeforeFirstWrite: ofHook }),
      );
      const response = orders.handler({}, stream, new FakeContext(3000));
      await time.clock.tickAsync(2000);
      await response;
      (stream._onBeforeFirstWrite as () => void)();
      expect(ofHook.calledOnce).to.equal(true);
    });

    it('keeps nothing back any more that it has corked, but what its caller has corked stays so', async () => {
      const stream = new PassThrough();
      stream.cork();
      const corks: number[] = [];
      const noteCorks = (): void => void corks.push(stream.writableCorked);
      const orders = streaming(
        async (response) => {
          response.cork();
          response.cork();
          response.write('in time');
          noteCorks();
          await forever();
        },
        (response) => {
          noteCorks();
          response.write(', timed out');
        },
      );
      const response = orders.handler({}, stream, new FakeContext(3000));
      await time.clock.tickAsync(2000);
      await response;
      stream.uncork();
      expect(corks).to.deep.equal([3, 1]);
      expect(readAll(stream)).to.equal('in time, timed out');
    });

    it('has replaced methods for itself alone', async () => {
      const stream = new PassThrough();
      const orders = streaming(
        async (response) => {
          const write = response.write;
          response.write = (chunk: string) => write(`<${chunk}>`);
          response.write('in time');
          delete (response as Partial<Writable>).write;
          response.write(', as before');
          response.write = () => true;
          await forever();
        },
        (response) => void response.write(', timed out'),
      );
      const response = orders.handler({}, stream, new FakeContext(3000));
      await time.clock.tickAsync(2000);
      await response;
      expect(readAll(stream)).to.equal('<in time>, as before, timed out');
    });

    it('could set properties in time', async () => {
      const stream = Object.assign(new PassThrough(), { prelude: '' });
      const orders = streaming(async (response) => {
        response.prelude = 'of the handler';
      });
      await orders.handler({}, stream, new FakeContext(3000));
      expect(stream.prelude).to.equal('of the handler');
    });

    it('leaves the stream to the hook, which cannot write once its signal has aborted', async () => {
      const stream = new PassThrough();
      const orders = streaming(forever, (response) => {
        response.write('in time');
        currentDeadline().signal.addEventListener('abort', () => response.write('too late'));
        return forever();
      });
      const rejection = expectRejection(orders.handler({}, stream, new FakeContext(3000)));
      await time.clock.tickAsync(3000);
      await rejection;
      expect(readAll(stream)).to.equal('in time');
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
      expect(readAll(stream)).to.equal('in time');
    });
  });
});
