import { createRequire } from 'node:module';
import { PassThrough, type Writable } from 'node:stream';
import { expect } from 'chai';
import { currentDeadline, Finally, GracefulTimeout, LambdaTimeoutError, OnTimeout } from '../../lib/index.js';
import { Operations } from '../../lib/operations/operations.js';
import { inspect, isError } from '../../lib/report/inspect.js';
import { captureTrace } from '../../lib/report/stack.js';
import { StackBudget } from '../../lib/report/stack-budget.js';
import { forgetHalfLoadedModules } from '../../lib/watchdog/node/half-loaded-modules.js';
import { FakeContext } from '../support/context.js';
import { loosely } from '../support/dialect.js';
import { expectRejection } from '../support/expect-rejection.js';
import { forever, useFakeTime, wait } from '../support/fake-time.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { timedOut } from '../support/timed-out.js';

const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

const withThrowingName = (): Error =>
  Object.defineProperty(new Error('odd'), 'name', {
    get() {
      throw new Error('no name');
    },
  });

/** A handler whose work ends as it likes, and a hook that responds. */
function guarded(
  work: () => unknown,
  logger = new RecordingLogger(),
  respond?: (error: LambdaTimeoutError) => unknown,
) {
  class Orders {
    @GracefulTimeout({ marginMs: 1000, logger })
    async handler(_event: unknown, _context: unknown): Promise<unknown> {
      return work();
    }

    @OnTimeout({ respond: respond !== undefined })
    protected report(error: LambdaTimeoutError): unknown {
      return respond?.(error);
    }
  }
  return new Orders();
}

describe('a @Finally hook that changes its outcome (R15)', () => {
  it('does not change what the caller receives', async () => {
    class Orders {
      @GracefulTimeout(1000)
      async handler(_event: unknown, _context: unknown): Promise<never> {
        throw new RangeError('too far');
      }

      @Finally
      protected change(outcome: PromiseSettledResult<unknown>): void {
        Object.assign(outcome, { status: 'fulfilled', value: 'all is well' });
      }
    }
    const error = await expectRejection(new Orders().handler({}, new FakeContext(3000)));
    expect(error).to.be.instanceOf(RangeError);
  });
});

describe('the stack of an error that is thrown before the first await (R23)', () => {
  const time = useFakeTime();

  for (const [way, work] of Object.entries({
    'throwIfExpired()': () => currentDeadline().throwIfExpired(),
    'race()': () => currentDeadline().race(forever()),
  })) {
    it(`has frames of the user alone, by ${way}`, async () => {
      const orders = guarded(() => {
        time.clock.tick(2000);
        return work();
      });
      const { stack = '' } = (await expectRejection(orders.handler({}, new FakeContext(3000)))) as Error;
      const [header, ...frames] = stack.split('\n');
      expect(header).to.match(/^LambdaTimeoutError: Orders\.handler timed out/);
      expect(frames).not.to.have.length(0);
      for (const frame of frames) expect(frame).to.include('odd-values.spec.js');
    });
  }
});

describe('a value that refuses to be looked at', () => {
  const time = useFakeTime();

  it('is shown by its type', () => {
    expect(isError(revoked())).to.equal(false);
    expect(inspect(revoked())).to.equal('[object]');
    expect(inspect(withThrowingName())).to.equal('[object Error]');
  });

  for (const [title, make] of Object.entries({
    'a revoked proxy': revoked,
    'an Error without a name': withThrowingName,
  })) {
    it(`can be the reason of a handler in its grace: ${title} (R12)`, async () => {
      const reason = make();
      const orders = guarded(async () => {
        const { signal } = currentDeadline();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        throw reason;
      });
      const error = await timedOut(time.clock, orders.handler.bind(orders));
      expect(error.cause).to.equal(reason);
    });
  }

  it('can be the message of a timeout: it is logged, and the invocation settles (R12)', async () => {
    const logger = new RecordingLogger();
    const orders = guarded(async () => {
      const { signal } = currentDeadline();
      signal.addEventListener('abort', () => Object.assign(signal.reason, { message: Object.create(null) }));
      return forever();
    }, logger);
    const settled = Promise.allSettled([orders.handler({}, new FakeContext(3000))]);
    await time.clock.tickAsync(3000);
    expect((await settled)[0]).to.have.property('status', 'rejected');
    expect(logger.messages[0]).to.equal('error: {}');
  });

  it('is read once before the hooks, if it is the cause of a timeout, since there may be thousands of others in it (R12)', async () => {
    let reads = 0;
    const reason = Object.defineProperty(new Error('several'), 'errors', {
      get() {
        reads++;
        return [];
      },
    });
    const orders = guarded(async () => {
      await currentDeadline()
        .race(forever())
        .catch(() => {});
      throw reason;
    });
    const error = await timedOut(time.clock, orders.handler.bind(orders));
    expect(error.cause).to.equal(reason);
    expect(reads).to.equal(1);
  });

  it('is not listed among the pending operations, and the others are (R30)', () => {
    const pending = new Operations();
    pending.begin({}, () => ({ operation: 'promise' }), captureTrace);
    pending.begin(
      {},
      () => {
        throw new TypeError('no host');
      },
      captureTrace,
    );
    expect(
      pending.list(performance.now(), new StackBudget(0)).operations.map(({ operation }) => operation),
    ).to.deep.equal(['promise']);
    pending.close();
    expect(pending.list(performance.now(), new StackBudget(0)).operations).to.deep.equal([]);
  });

  it('can be the stack trace limit of the program', () => {
    const before = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit') as PropertyDescriptor;
    Object.defineProperty(Error, 'stackTraceLimit', {
      configurable: true,
      get: () => 5,
      set() {
        throw new Error('it is fixed');
      },
    });
    try {
      expect(captureTrace(captureTrace)).to.have.property('stack');
    } finally {
      Object.defineProperty(Error, 'stackTraceLimit', before);
    }
  });

  it('can be the context: the handler runs without a timeout (R8)', async () => {
    const logger = new RecordingLogger();
    const context = {
      get getRemainingTimeInMillis(): never {
        throw new Error('no clock');
      },
    };
    expect(await guarded(() => 'done', logger).handler({}, context)).to.equal('done');
    expect(logger.lines).to.have.length(1);
  });

  it('can be the event, such as a mock that has any method: the context comes first (R8)', async () => {
    const event = new Proxy({}, { get: () => () => 0 });
    const orders = guarded(() => currentDeadline().remainingMs());
    expect(await orders.handler(event, new FakeContext(3000))).to.equal(2000);
  });

  it('can be the message of the timeout: its hooks run, and its line is written (R12, R25)', async () => {
    const logger = new RecordingLogger();
    const orders = guarded(() => {
      const { signal } = currentDeadline();
      const get = () => {
        throw new Error('no message');
      };
      signal.addEventListener('abort', () => Object.defineProperty(signal.reason, 'message', { get }));
      return forever();
    }, logger);
    const caller = expectRejection(orders.handler({}, new FakeContext(3000)));
    await time.clock.tickAsync(3000);
    expect(logger.lines).to.have.lengthOf(1);
    expect(logger.lines[0]).to.have.property('detail', await caller);
  });

  it('can be the cause of the timeout: one that is fixed stays as it is (R13)', async () => {
    const cause = new Error('fixed');
    const orders = guarded(forever, new RecordingLogger(), (error) => {
      Object.defineProperty(error, 'cause', { value: cause });
      throw new Error('no response');
    });
    const error = await timedOut(time.clock, orders.handler.bind(orders));
    expect(error.cause).to.equal(cause);
  });
});

describe('a response stream (R22)', () => {
  const time = useFakeTime();

  const streaming = (work: (stream: Writable) => unknown, respond?: () => unknown) => {
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger: new RecordingLogger() })
      async handler(_event: unknown, stream: Writable, _context: unknown): Promise<unknown> {
        return work(stream);
      }

      @OnTimeout({ respond: respond !== undefined })
      protected report(): unknown {
        return respond?.();
      }
    }
    return new Orders();
  };

  it('can be a mock that has any method: the context behind it tells the time (R8)', async () => {
    const stream = new Proxy({} as Writable, { get: () => () => undefined });
    const orders = streaming(() => currentDeadline().remainingMs());
    expect(await orders.handler({}, stream, new FakeContext(3000))).to.equal(2000);
  });

  it('gets no event, and loses no property and no listener, by code after its cut-off', async () => {
    const stream = new PassThrough();
    const errors: unknown[] = [];
    stream.on('error', (error) => errors.push(error));
    const orders = streaming(async (view) => {
      await wait(2500);
      view.emit('error', new Error('late'));
      view.removeAllListeners('error');
      Object.defineProperty(view, 'late', { value: true });
      Reflect.deleteProperty(view, 'kept');
      await (view as unknown as AsyncDisposable)[Symbol.asyncDispose]?.();
    });
    Object.assign(stream, { kept: true });
    const response = expectRejection(orders.handler({}, stream, new FakeContext(3000)));
    await time.clock.tickAsync(3000);
    expect(await response).to.be.instanceOf(LambdaTimeoutError);
    expect(errors).to.deep.equal([]);
    expect(stream.listenerCount('error')).to.equal(1);
    expect(stream).to.include({ kept: true, destroyed: false }).and.not.to.have.property('late');
  });

  it('can get and lose properties in time', async () => {
    const stream = new PassThrough();
    const orders = streaming((view) => {
      Object.defineProperty(view, 'added', { value: 1, configurable: true });
      return Reflect.deleteProperty(view, 'added');
    });
    expect(await orders.handler({}, stream, new FakeContext(3000))).to.equal(true);
  });

  it('can be a frozen test double', async () => {
    const written: unknown[] = [];
    const stream = Object.freeze({ write: (text: unknown) => written.push(text), end: () => {} });
    const orders = streaming((view) => view.write('order'));
    await orders.handler({}, stream as unknown as Writable, new FakeContext(3000));
    expect(written).to.deep.equal(['order']);
  });

  it('that cannot be uncorked does not keep the hooks from running', async () => {
    const stream = {
      writableCorked: 0,
      write: () => true,
      end() {},
      uncork() {
        throw new Error('it stays corked');
      },
    };
    const orders = streaming(
      () => {
        stream.writableCorked = 1;
        return forever();
      },
      () => 'answer',
    );
    const response = orders.handler({}, stream as unknown as Writable, new FakeContext(3000));
    await time.clock.tickAsync(3000);
    expect(await response).to.equal('answer');
  });

  it('that cannot end does not keep the invocation from settling', async () => {
    const stream = {
      write: () => true,
      end() {
        throw new Error('it does not end');
      },
    };
    const orders = streaming(forever, () => 'answer');
    const response = orders.handler({}, stream as unknown as Writable, new FakeContext(3000));
    await time.clock.tickAsync(3000);
    expect(await response).to.equal('answer');
  });

  it('can come with a context that has a setter that throws', async () => {
    const context = Object.defineProperty(new FakeContext(3000), 'callbackWaitsForEmptyEventLoop', {
      set() {
        throw new Error('it waits');
      },
    });
    const response = expectRejection(streaming(forever).handler({}, new PassThrough(), context));
    await time.clock.tickAsync(3000);
    expect(await response).to.be.instanceOf(LambdaTimeoutError);
  });
});

describe('the cache of CommonJS modules (R27a)', () => {
  it('may hold what is no module of Node: that stays', () => {
    const { cache } = createRequire(import.meta.url);
    const modules = cache as Record<string, unknown>;
    const fakes = { '/fake/one': { exports: {} }, '/fake/two': undefined };
    Object.assign(modules, fakes);
    forgetHalfLoadedModules();
    expect(modules).to.include(fakes);
    for (const file of Object.keys(fakes)) delete modules[file];
  });
});

describe('a class with a static method `name` (R23)', () => {
  const time = useFakeTime();

  it('has no name', async () => {
    class Orders {
      static name(): string {
        return 'orders';
      }

      @GracefulTimeout({ marginMs: 1000, logger: new RecordingLogger() })
      handler(_event: unknown, _context: unknown): Promise<never> {
        return forever();
      }
    }
    const orders = new Orders();
    expect((await timedOut(time.clock, orders.handler.bind(orders))).handler).to.equal('handler');
  });
});

describe('a second argument of a hook decorator (R3)', () => {
  for (const [name, decorator] of Object.entries({ '@OnTimeout': OnTimeout, '@Finally': Finally })) {
    it(`is refused by ${name}`, () => {
      const decorate = () => {
        class Bad {
          @loosely((decorator as (...args: unknown[]) => unknown)(undefined, 5))
          method(): void {}
        }
        return Bad;
      };
      expect(decorate).to.throw(TypeError, 'expected at most one argument, got `5` (number). Remove it.');
    });
  }
});
