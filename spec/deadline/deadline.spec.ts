import { AsyncResource } from 'node:async_hooks';
import { getMaxListeners } from 'node:events';
import { expect } from 'chai';
import sinon from 'sinon';
import { attempts, NO_ATTEMPT } from '../../lib/deadline/current-attempt.js';
import {
  currentDeadline,
  type Deadline,
  Finally,
  GracefulTimeout,
  LambdaTimeoutError,
  OnTimeout,
} from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { forever, useFakeTime, wait } from '../support/fake-time.js';
import { RecordingLogger } from '../support/recording-logger.js';

describe('currentDeadline() (R24)', () => {
  const time = useFakeTime();

  const invoke = (work: () => Promise<unknown>, hook?: () => unknown): Promise<unknown> => {
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger: new RecordingLogger() })
      handler(_event: unknown, _context: unknown): Promise<unknown> {
        return work();
      }

      @OnTimeout
      protected report(): unknown {
        return hook?.();
      }

      @Finally
      protected close(): unknown {
        return hook?.();
      }
    }
    return new Orders().handler({}, new FakeContext(3000));
  };

  describe('in a handler', () => {
    it('counts down to the deadline, through any number of awaits', async () => {
      const deep = async (depth: number): Promise<number> => {
        await wait(10);
        return depth === 0 ? currentDeadline().remainingMs() : deep(depth - 1);
      };
      const remainingMs = invoke(() => deep(9));
      await time.clock.tickAsync(100);
      expect(await remainingMs).to.equal(1900);
    });

    it('is available in a thenable that starts its work when it is awaited', async () => {
      const query = {
        // biome-ignore lint/suspicious/noThenProperty: query builders have it
        then(resolve: (remainingMs: number) => void) {
          resolve(currentDeadline().remainingMs());
        },
      };
      expect(await invoke(() => query as unknown as Promise<unknown>)).to.equal(2000);
    });

    it('is available in the listeners of its signal', async () => {
      let expired: boolean | undefined;
      const rejection = expectRejection(
        invoke(() => {
          currentDeadline().signal.addEventListener('abort', () => {
            expired = currentDeadline().expired;
          });
          return forever();
        }),
      );
      await time.clock.tickAsync(2000);
      expect(expired).to.equal(true);
      await time.clock.tickAsync(300);
      await rejection;
    });

    it('accepts any number of listeners without a warning', async () => {
      const emitWarning = sinon.stub(process, 'emitWarning');
      await invoke(async () => {
        for (let count = 0; count < 50; count++)
          currentDeadline().signal.addEventListener('abort', () => count);
      });
      expect(emitWarning.called).to.equal(false);
    });

    it('tells how many listeners that is, which undici asks', async () => {
      await invoke(async () => {
        expect(getMaxListeners(currentDeadline().signal)).to.equal(Number.POSITIVE_INFINITY);
      });
    });

    it('has only the members that are documented', async () => {
      await invoke(async () => {
        const deadline = currentDeadline();
        expect(Reflect.ownKeys(deadline)).to.deep.equal([]);
        const members = Reflect.ownKeys(Object.getPrototypeOf(deadline));
        const documented = ['signal', 'expired', 'remainingMs', 'throwIfExpired', 'race'];
        expect(members).to.have.members(['constructor', ...documented]);
        expect(Object.getPrototypeOf(Object.getPrototypeOf(deadline))).to.equal(Object.prototype);
      });
    });

    it('is the same object each time', async () => {
      await invoke(async () => expect(currentDeadline()).to.equal(currentDeadline()));
    });

    it('has one signal, which does not abort if the handler ends in time', async () => {
      let deadline: Deadline | undefined;
      const result = await invoke(async () => {
        deadline = currentDeadline();
        expect(currentDeadline().signal).to.equal(deadline.signal);
        return deadline.signal.aborted;
      });
      expect(result).to.equal(false);
      await time.clock.tickAsync(5000);
      expect(deadline?.signal.aborted).to.equal(false);
    });

    it('is not expired before the deadline, and throws nothing', async () => {
      const expired = await invoke(async () => {
        currentDeadline().throwIfExpired();
        return currentDeadline().expired;
      });
      expect(expired).to.equal(false);
    });

    it('is expired from the deadline on, and throws the error of the invocation', async () => {
      let deadline: Deadline | undefined;
      const rejection = expectRejection(
        invoke(() => {
          deadline = currentDeadline();
          return forever();
        }),
      );
      await time.clock.tickAsync(2300);
      const error = await rejection;
      expect(deadline).to.include({ expired: true });
      expect(deadline?.remainingMs()).to.equal(0);
      expect(() => deadline?.throwIfExpired())
        .to.throw(LambdaTimeoutError)
        .and.equal(error);
    });

    it('has an aborted signal if the signal is first read after the timeout', async () => {
      let deadline: Deadline | undefined;
      const rejection = expectRejection(
        invoke(() => {
          deadline = currentDeadline();
          return forever();
        }),
      );
      await time.clock.tickAsync(2300);
      const error = await rejection;
      expect(deadline?.signal).to.include({ aborted: true, reason: error });
    });

    for (const [when, ask] of Object.entries({
      'was asked for before': currentDeadline,
      'is asked for later': (): Deadline | undefined => undefined,
    })) {
      it(`never comes for what the handler has left running, if it ended in time and its deadline ${when}`, async () => {
        const seen: unknown[] = [];
        const slow = wait(4000).then(() => 'of a later invocation');
        await invoke(async () => {
          const asked = ask();
          // Bound, because a fake timer does not keep the async context as a real one does.
          const leftBehind = AsyncResource.bind(async () => {
            const deadline = asked ?? currentDeadline();
            deadline.throwIfExpired();
            seen.push(
              deadline.expired,
              deadline.remainingMs(),
              deadline.signal.aborted,
              await deadline.race(slow),
            );
          });
          setTimeout(leftBehind, 2500);
        });
        await time.clock.tickAsync(4000);
        expect(seen).to.deep.equal([false, Number.POSITIVE_INFINITY, false, 'of a later invocation']);
      });
    }
  });

  it('in a hook is the deadline of the hook, with a signal of its own', async () => {
    const seen: Deadline[] = [];
    let ofHandler: Deadline | undefined;
    const rejection = expectRejection(
      invoke(
        () => {
          ofHandler = currentDeadline();
          return forever();
        },
        async () => {
          seen.push(currentDeadline());
          expect(currentDeadline()).to.include({ expired: false });
          expect(currentDeadline().signal.aborted).to.equal(false);
          await wait(50);
          seen.push(currentDeadline());
        },
      ),
    );
    // The handler has asked for its deadline, so its grace is a third of 900 ms.
    await time.clock.tickAsync(2300);
    await time.clock.tickAsync(100);
    await rejection;
    const [report, reportLater, close] = seen;
    expect(reportLater).to.equal(report);
    expect(close).not.to.equal(report);
    expect(ofHandler?.signal.aborted).to.equal(true);
    expect(ofHandler?.signal).not.to.equal(report?.signal);
  });

  it('in a hook expires at the end of its share, and throws an error of its own', async () => {
    const errors: unknown[] = [];
    const rejection = expectRejection(
      invoke(forever, async () => {
        await wait(2000);
        try {
          currentDeadline().throwIfExpired();
        } catch (error) {
          errors.push(error);
        }
      }),
    );
    await time.clock.tickAsync(6000);
    const error = await rejection;
    expect(errors).to.have.length(2);
    for (const own of errors) expect(own).to.be.instanceOf(LambdaTimeoutError).and.not.equal(error);
  });

  it('outside an invocation never expires', async () => {
    const deadline = currentDeadline();
    await time.clock.tickAsync(2 ** 31);
    expect(deadline.expired).to.equal(false);
    expect(deadline.remainingMs()).to.equal(Number.POSITIVE_INFINITY);
    expect(deadline.signal.aborted).to.equal(false);
    deadline.throwIfExpired();
  });

  it('outside an invocation has a new signal each time, so that listeners do not pile up', () => {
    expect(currentDeadline().signal).not.to.equal(currentDeadline().signal);
  });

  it('in code of this package never expires, and that code is never interrupted', () => {
    const remainingMs = attempts.run(NO_ATTEMPT, () => currentDeadline().remainingMs());
    expect(remainingMs).to.equal(Number.POSITIVE_INFINITY);
    const blockedAt = sinon.fake.returns('nowhere');
    NO_ATTEMPT.interrupt(blockedAt, undefined);
    NO_ATTEMPT.cutOff();
    NO_ATTEMPT.takeUncaught(new Error('of nobody'));
    expect(blockedAt.called).to.equal(false);
    expect(NO_ATTEMPT.state).to.equal('running');
  });

  it('after an invocation is the same as before it', async () => {
    await invoke(async () => 'done');
    expect(currentDeadline().remainingMs()).to.equal(Number.POSITIVE_INFINITY);
  });

  it('is shared with another copy of this package', async () => {
    const copy = `${new URL('../../lib/deadline/current-attempt.js', import.meta.url)}?copy`;
    const other = (await import(copy)) as { attempts: typeof attempts; NO_ATTEMPT: unknown };
    expect(other.NO_ATTEMPT).not.to.equal(NO_ATTEMPT);
    expect(other.attempts).to.equal(attempts);
  });

  it('is kept under a name with the major version, so that two major versions can run together', () => {
    const names = Object.getOwnPropertySymbols(globalThis).map((symbol) => Symbol.keyFor(symbol) ?? '');
    const ours = names.filter((name) => name.includes('lambda-graceful-timeout'));
    expect(ours).to.include('lambda-graceful-timeout@2:attempts');
    for (const name of ours) expect(name).to.match(/^lambda-graceful-timeout@2:\w/);
  });
});
