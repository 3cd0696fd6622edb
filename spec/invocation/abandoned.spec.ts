import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { currentDeadline, GracefulTimeout, LambdaTimeoutError, OnTimeout } from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { useLeftUncaught } from '../support/left-uncaught.js';
import { RecordingLogger } from '../support/recording-logger.js';

/** Up to Node 22, Node reports an error from a callback of `queueMicrotask` in no async context. */
const tellsContextOfMicrotasks = Number.parseInt(process.versions.node, 10) >= 24;

const LEFT_UNCAUGHT = 'warn: Orders.handler left an error uncaught, after its deadline, in request request-1';

describe('errors that code leaves uncaught after its deadline (R16)', () => {
  const foreign = useLeftUncaught('uncaughtException');

  const timeOut = async (work: () => Promise<unknown>, hook: () => unknown = () => {}) => {
    const logger = new RecordingLogger();
    class Orders {
      @GracefulTimeout({ marginMs: 200, logger })
      handler(_event: unknown, _context: unknown): Promise<unknown> {
        return work();
      }

      @OnTimeout
      protected report(): unknown {
        return hook();
      }
    }
    const error = await expectRejection(new Orders().handler({}, new FakeContext(260)));
    expect(error).to.be.instanceOf(LambdaTimeoutError);
    return logger;
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  /** Waits until Node has reported every error that is uncaught by now. */
  const settle = async () => {
    await turn();
    await turn();
  };

  describe('a rejected promise that nobody handles', () => {
    it('does not end the process if the signal aborted it while the code waited for another promise', async () => {
      let reported = false;
      const logger = await timeOut(
        async () => {
          const { signal } = currentDeadline();
          const first = sleep(5000, 'first', { signal });
          const second = sleep(5000, 'second', { signal });
          await first;
          await second;
        },
        async () => {
          await turn();
          reported = true;
        },
      );
      expect(foreign).to.deep.equal([]);
      expect(reported).to.equal(true);
      expect(logger.lines, 'the timeout and nothing else').to.have.length(1);
    });

    it('is logged if its reason is not that of the signal', async () => {
      const logger = await timeOut(
        async () => {
          sleep(70).then(() => Promise.reject(new Error('left alone')));
          await sleep(140);
        },
        () => sleep(60),
      );
      expect(foreign).to.deep.equal([]);
      expect(logger.messages[1]).to.equal(LEFT_UNCAUGHT);
      expect(logger.lines[1]?.detail).to.have.property('message', 'left alone');
    });

    it('is logged without what a call that was aborted beside it was to send', async () => {
      const failed = new RangeError('no stock');
      const logger = await timeOut(
        async () => {
          const { signal } = currentDeadline();
          const call = new Promise((_, reject) => {
            const canceled = { name: 'CanceledError', config: { authorization: 'a secret' } };
            signal.addEventListener('abort', () => reject(Object.assign(new Error('canceled'), canceled)));
          });
          Promise.any([call, sleep(100).then(() => Promise.reject(failed))]);
          await sleep(300);
        },
        () => sleep(60),
      );
      expect(foreign).to.deep.equal([]);
      expect(logger.messages[0]).to.equal(LEFT_UNCAUGHT);
      expect(logger.lines[0]?.detail)
        .to.be.instanceOf(AggregateError)
        .and.have.deep.property('errors', [failed]);
    });

    it('does not end the process during the grace of the handler, or after an answer in the grace', async () => {
      const logger = new RecordingLogger();
      class Orders {
        @GracefulTimeout({ marginMs: 200, logger })
        async handler(_event: unknown, _context: unknown): Promise<string> {
          await once(currentDeadline().signal, 'abort');
          void Promise.reject(new Error('in its grace'));
          await turn();
          setImmediate(() => Promise.reject(new Error('afterwards')));
          return 'answer';
        }
      }
      expect(await new Orders().handler({}, new FakeContext(260))).to.equal('answer');
      await settle();
      expect(foreign).to.deep.equal([]);
      const left = logger.lines.filter(({ message }) => `warn: ${message}` === LEFT_UNCAUGHT);
      expect(left.map(({ detail }) => (detail as Error).message)).to.deep.equal([
        'in its grace',
        'afterwards',
      ]);
    });
  });

  describe('an error that is thrown', () => {
    /** Where code throws after its deadline. */
    const places: Record<string, (fail: () => never) => unknown> = {
      'in a timer': (fail) => setTimeout(fail, 1),
      'in an immediate': (fail) => setImmediate(fail),
      'in a tick': (fail) => process.nextTick(fail),
      ...(tellsContextOfMicrotasks && { 'in a microtask': (fail: () => never) => queueMicrotask(fail) }),
      'by an emitter that nobody listens to': (fail) =>
        setImmediate(() => {
          try {
            fail();
          } catch (error) {
            new EventEmitter().emit('error', error);
          }
        }),
    };
    for (const [place, leave] of Object.entries(places)) {
      it(`${place} is logged and does not end the process, and the hooks run`, async () => {
        const failure = new Error('left alone');
        let onThrow = () => {};
        const thrown = new Promise<void>((resolve) => {
          onThrow = resolve;
        });
        const logger = await timeOut(
          async () => {
            await sleep(80);
            leave(() => {
              onThrow();
              throw failure;
            });
            await sleep(5000, undefined, { ref: false });
          },
          () => thrown.then(turn),
        );
        expect(foreign).to.deep.equal([]);
        expect(logger.messages.slice(1)).to.deep.equal([LEFT_UNCAUGHT]);
        expect(logger.lines[1]?.detail).to.equal(failure);
      });
    }

    for (const [kind, fail] of [
      [
        'throws',
        () => {
          throw new Error('of a listener');
        },
      ],
      ['rejects', () => Promise.reject(new Error('of a listener'))],
    ] as const) {
      it(`by a listener of the signal that ${kind} is logged and does not end the process`, async () => {
        const logger = await timeOut(async () => {
          currentDeadline().signal.addEventListener('abort', fail);
          await sleep(5000, undefined, { ref: false });
        }, turn);
        expect(foreign).to.deep.equal([]);
        expect(logger.messages).to.include(LEFT_UNCAUGHT);
      });
    }

    it('is not logged if it is the reason of the signal', async () => {
      const logger = await timeOut(async () => {
        const { signal } = currentDeadline();
        signal.addEventListener('abort', () => new EventEmitter().emit('error', signal.reason));
        await sleep(5000, undefined, { ref: false });
      }, turn);
      expect(foreign).to.deep.equal([]);
      expect(logger.lines).to.have.length(1);
    });
  });

  describe('errors of other code', () => {
    it('stay uncaught', async () => {
      await timeOut(() => sleep(1000));
      const failure = new Error('of somebody else');
      void Promise.reject(failure);
      await settle();
      expect(foreign).to.deep.equal([failure]);
    });

    it('stay uncaught if Node reports them outside every async context', async () => {
      await timeOut(() => sleep(1000));
      await turn();
      const failure = new Error('of nobody');
      (process as NodeJS.EventEmitter).emit('uncaughtException', failure, 'uncaughtException');
      expect(foreign).to.deep.equal([failure]);
    });

    it('go to the listeners of the process, if there are any', async () => {
      await timeOut(() => sleep(1000));
      const heard: unknown[] = [];
      const listener = (reason: unknown) => heard.push(reason);
      process.on('unhandledRejection', listener);
      const failure = new Error('of somebody else');
      void Promise.reject(failure);
      await settle();
      process.off('unhandledRejection', listener);
      expect(heard).to.deep.equal([failure]);
      expect(foreign).to.deep.equal([]);
    });

    it('stay uncaught if they come from an invocation that ended in time', async () => {
      await timeOut(() => sleep(1000));
      const failure = new Error('of an invocation in time');
      class Orders {
        @GracefulTimeout({ marginMs: 200 })
        async handler(_event: unknown, _context: unknown): Promise<void> {
          setImmediate(() => {
            throw failure;
          });
        }
      }
      await new Orders().handler({}, new FakeContext(5000));
      await settle();
      expect(foreign).to.deep.equal([failure]);
    });
  });
});
