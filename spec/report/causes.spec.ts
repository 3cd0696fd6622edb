import { Writable } from 'node:stream';
import { Logger } from '@aws-lambda-powertools/logger';
import { expect } from 'chai';
import { pino } from 'pino';
import sinon from 'sinon';
import {
  currentDeadline,
  Finally,
  GracefulTimeout,
  type LambdaTimeoutError,
  OnTimeout,
} from '../../lib/index.js';
import type { TimeoutLogger } from '../../lib/report/logger.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { forever, useFakeTime } from '../support/fake-time.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { timedOut } from '../support/timed-out.js';

/** What `await using` throws, also where a compiler has to make it, if `error` is thrown after `suppressed`. */
const suppressing = (error: unknown, suppressed: unknown): Error =>
  Object.assign(new Error('suppressed'), { name: 'SuppressedError', error, suppressed });

const real = () => new RangeError('the pool is exhausted');

/** Waits until the deadline has come, and rejects with the timeout. */
const untilTimeout = (): Promise<never> => currentDeadline().race(forever());

/** What a handler throws in its grace in place of the timeout, and which is a failure of its own. */
const FAILURES: Readonly<Record<string, (timeout: Error) => unknown>> = {
  'an AggregateError that also holds a real failure': (timeout) => new AggregateError([timeout, real()]),
  'such an AggregateError around an error that wraps the timeout': (timeout) =>
    new AggregateError([new Error('order failed', { cause: timeout }), real()]),
  'an error whose cause is such an AggregateError': (cause) =>
    new Error('order failed', { cause: new AggregateError([real(), cause]) }),
  'an AggregateError that is its own error, beside a real failure': (timeout) => {
    const errors: unknown[] = [timeout, real()];
    const error = new AggregateError(errors);
    error.errors.push(error);
    return error;
  },
  'a frozen AggregateError': (timeout) => Object.freeze(new AggregateError([timeout, real()])),
  'an AggregateError with a getter that leads back': (timeout) => {
    class Failed extends AggregateError {
      override get cause(): unknown {
        return timeout;
      }
    }
    return new Failed([timeout, real()]);
  },
  'an AggregateError with private fields and toJSON': (timeout) => {
    class Failed extends AggregateError {
      readonly #order = 'A-1001';
      toJSON(): string {
        return this.#order;
      }
    }
    return new Failed([timeout, real()]);
  },
  'a proxy of an AggregateError': (timeout) =>
    new Proxy(new AggregateError([timeout, real()]), {
      getPrototypeOf() {
        throw new Error('no prototype');
      },
    }),
  'a SuppressedError whose resource could not be disposed of': (timeout) => suppressing(real(), timeout),
  'a SuppressedError whose resource heeds the signal': (timeout) => suppressing(timeout, real()),
  'a SuppressedError of another one': (timeout) => suppressing(timeout, suppressing(real(), timeout)),
  'a function with a list of errors': (timeout) => {
    const thrown = Object.assign(() => {}, { errors: [timeout, real()] });
    return new Error('order failed', { cause: thrown });
  },
  'a long chain of causes to an AggregateError': (timeout) => {
    let error: Error = new AggregateError([timeout, real()]);
    for (let length = 1; length < 10_000; length++) error = new Error('order failed', { cause: error });
    return error;
  },
};

const ENDLESS = /makes a new cause each time|leads back to itself|long chain/;

/** Other errors that a handler throws, none of which leads to the timeout. */
const FOREIGN: Readonly<Record<string, () => unknown>> = {
  'an error with a cause that leads back to itself': () => {
    const error = new Error('order failed', { cause: new Error('because of itself') });
    (error.cause as Error).cause = error;
    return error;
  },
  'an error with getters that throw': () =>
    Object.defineProperties(new Error('order failed'), {
      cause: { get: fail },
      errors: { get: fail },
      code: { get: fail },
    }),
  'an error with a list that cannot be read': () =>
    Object.assign(new Error('order failed'), { errors: new Proxy([real()], { get: fail }) }),
  'a long chain of causes': () => {
    let error = real() as Error;
    for (let length = 1; length < 10_000; length++) error = new Error('order failed', { cause: error });
    return error;
  },
  'a revoked proxy': () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  'a text': () => 'order failed',
  null: () => null,
};

/** What only leads to the timeout. */
const HEEDING: Readonly<Record<string, (timeout: Error) => unknown>> = {
  'an error whose cause it is': (cause) => new Error('order failed', { cause }),
  'an error whose reason it is': (reason) => Object.assign(new Error('order failed'), { reason }),
  'an error with another cause, whose reason it is': (reason) =>
    Object.assign(new Error('order failed', { cause: {} }), { reason }),
  'an AggregateError of it alone': (timeout) => new AggregateError([timeout, timeout]),
  'an AggregateError of errors that share a cause': (timeout) => {
    const cause = new Error('stopped', { cause: timeout });
    return new AggregateError([new Error('first', { cause }), new Error('second', { cause })]);
  },
  'a long chain of causes': (timeout) => {
    let error = timeout;
    for (let length = 0; length < 10_000; length++) error = new Error('order failed', { cause: error });
    return error;
  },
  'a thrown object that is no error': (cause) => ({ cause }),
  'a SuppressedError of it alone': (timeout) =>
    suppressing(timeout, new Error('stopped', { cause: timeout })),
};

function fail(): never {
  throw new TypeError('it cannot be read');
}

class Endless extends Error {
  override get cause(): unknown {
    return new Endless('order failed');
  }
}

/** All errors that an error leads to. */
function ledTo(error: unknown): Set<unknown> {
  const found = new Set([error]);
  for (const value of found) {
    if (Object(value) !== value) continue;
    const {
      cause,
      reason,
      error,
      suppressed,
      errors = [],
    } = value as Record<string, unknown> & { errors?: [] };
    for (const next of [cause, reason, error, suppressed, ...errors]) found.add(next);
  }
  return found;
}

/** A handler that throws what `wrap` makes of the timeout, in its grace. */
function throwing(wrap: (timeout: Error) => unknown, logger: TimeoutLogger) {
  class Orders {
    @GracefulTimeout({ marginMs: 1000, logger })
    async handler(_event: unknown, _context: unknown): Promise<unknown> {
      try {
        return await untilTimeout();
      } catch (timeout) {
        throw wrap(timeout as Error);
      }
    }
  }
  const orders = new Orders();
  return orders.handler.bind(orders);
}

describe('the cause of a timeout', function () {
  this.timeout(10_000);

  const time = useFakeTime();

  for (const [title, wrap] of Object.entries(FAILURES)) {
    it(`is a copy without the way back to the timeout, of ${title} (R12)`, async () => {
      let thrown: unknown;
      const logger = new RecordingLogger();
      const error = await timedOut(
        time.clock,
        throwing((timeout) => {
          thrown = wrap(timeout);
          return thrown;
        }, logger),
      );
      expect(error.cause).to.be.an('error').and.not.equal(thrown);
      const causes = ledTo(error.cause);
      expect([...causes]).not.to.include(error);
      if (!title.includes('proxy')) {
        expect([...causes].filter((cause) => cause instanceof RangeError)).to.have.length(1);
        expect(ledTo(thrown).has(error), 'the thrown error still leads to the timeout').to.equal(true);
        expect(error.cause).to.be.instanceOf((thrown as Error).constructor);
        expect(error.cause).to.have.property('stack', (thrown as Error).stack);
      }
      expect(logger.messages).to.deep.equal([`error: ${error.message}`]);
    });
  }

  for (const [title, make] of Object.entries(FOREIGN)) {
    it(`is what the handler has thrown, if that does not lead to the timeout: ${title} (R12)`, async () => {
      const thrown = make();
      const error = await timedOut(
        time.clock,
        throwing(() => thrown, new RecordingLogger()),
      );
      expect(error).to.have.property('name', 'LambdaTimeoutError');
      expect(error.cause === thrown).to.equal(true);
    });
  }

  for (const [title, make] of Object.entries<(timeout: Error) => Error>({
    'makes a new cause each time': () => new Endless('order failed'),
    'has a long list': (timeout) => new AggregateError([...Array.from({ length: 30_000 }, real), timeout]),
    'has a list whose items are made when they are read': () =>
      Object.assign(real(), {
        errors: new Proxy([], { get: (_, key) => (key === 'length' ? 1e9 : real()) }),
      }),
    'is far from the timeout': (timeout) => {
      let error = timeout;
      for (let length = 0; length < 30_000; length++) error = new Error('order failed', { cause: error });
      return error;
    },
  })) {
    it(`is a copy without all that it leads to, if it ${title}, because that may be without an end (R12)`, async () => {
      let thrown: Error | undefined;
      const error = await timedOut(
        time.clock,
        throwing((timeout) => {
          thrown = make(timeout);
          return thrown;
        }, new RecordingLogger()),
      );
      expect(error.cause).to.have.property('message', thrown?.message);
      expect(error.cause).to.not.equal(thrown);
      expect([...ledTo(error.cause)].filter(Boolean)).to.deep.equal([error.cause]);
    });
  }

  it('has all else that the error has, as loggers show it (R12)', async () => {
    const others = { error: { code: 422 }, cause: null, reason: undefined };
    const error = await timedOut(
      time.clock,
      throwing(
        (timeout) => Object.assign(real(), { errors: [timeout, real()], ...others }),
        new RecordingLogger(),
      ),
    );
    expect(error.cause).to.include(others).and.have.property('errors').with.length(1);
    expect(Object.keys(error.cause as Error)).to.include.members(['errors', 'error', 'cause']);
  });

  for (const [title, wrap] of Object.entries(HEEDING)) {
    it(`is not what only leads to the timeout: ${title} (R16)`, async () => {
      const logger = new RecordingLogger();
      const error = await timedOut(time.clock, throwing(wrap, logger));
      expect(error).to.include({ name: 'LambdaTimeoutError' }).and.not.have.property('cause');
      expect(logger.messages).to.deep.equal([`error: ${error.message}`]);
    });
  }

  for (const [title, wrap] of Object.entries({ ...FAILURES, ...HEEDING })) {
    it(`is a copy of what a hook that responds has failed with: ${title} (R13)`, async () => {
      const logger = new RecordingLogger();
      const outcomes: PromiseSettledResult<unknown>[] = [];
      class Orders {
        @GracefulTimeout({ marginMs: 1000, logger })
        handler(_event: unknown, _context: unknown): Promise<unknown> {
          return forever();
        }

        @OnTimeout({ respond: true })
        protected respond(error: LambdaTimeoutError): never {
          throw wrap(error);
        }

        @Finally
        protected close(outcome: PromiseSettledResult<unknown>): void {
          outcomes.push(outcome);
        }
      }
      const error = await timedOut(time.clock, new Orders().handler.bind(new Orders()));
      expect(error).to.include({ name: 'LambdaTimeoutError' }).and.have.property('cause');
      expect([...ledTo(error.cause)]).not.to.include(error);
      expect(outcomes).to.deep.equal([{ status: 'rejected', reason: error }]);
      expect(logger.messages).to.deep.equal([`error: ${error.message}`, 'error: Orders.respond failed']);
    });
  }

  it('joins the failure of the handler and that of the hook, neither of which leads back (R13)', async () => {
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger: new RecordingLogger() })
      async handler(_event: unknown, _context: unknown): Promise<unknown> {
        try {
          return await untilTimeout();
        } catch (timeout) {
          throw new AggregateError([timeout, real()]);
        }
      }

      @OnTimeout({ respond: true })
      protected respond(cause: LambdaTimeoutError): never {
        throw new Error('no answer', { cause });
      }
    }
    const error = await timedOut(time.clock, new Orders().handler.bind(new Orders()));
    const names = [...ledTo(error.cause)].map((cause) => (cause as Error | undefined)?.name);
    expect(names).to.include.members(['AggregateError', 'Error', 'RangeError']).and.not.include(error.name);
  });

  it('may be one that the program has defined, with a getter that throws (R13)', async () => {
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger: new RecordingLogger() })
      handler(_event: unknown, _context: unknown): Promise<unknown> {
        return forever();
      }

      @OnTimeout({ respond: true })
      protected respond(error: LambdaTimeoutError): never {
        Object.defineProperty(error, 'cause', { get: fail, configurable: true });
        throw real();
      }
    }
    const error = await timedOut(time.clock, new Orders().handler.bind(new Orders()));
    expect(error.cause).to.be.instanceOf(AggregateError);
  });
});

describe('the line of a timeout is written, whatever its cause is (R25)', function () {
  this.timeout(10_000);

  const time = useFakeTime();

  /** Returns what loggers and the process write while a handler times out. */
  async function writtenBy(
    wrap: (timeout: Error) => unknown,
    make: (out: Writable) => TimeoutLogger,
  ): Promise<string> {
    let written = '';
    const out = new Writable({
      write(chunk, _encoding, done) {
        written += chunk;
        done();
      },
    });
    const outputs = [process.stdout, process.stderr].map((stream) =>
      sinon.stub(stream, 'write').callsFake((chunk) => {
        written += chunk;
        return true;
      }),
    );
    try {
      await timedOut(time.clock, throwing(wrap, make(out)));
    } finally {
      for (const output of outputs) output.restore();
    }
    return written;
  }

  const broken = (): never => {
    throw new Error('no disk');
  };
  const loggers: Readonly<Record<string, (out: Writable) => TimeoutLogger>> = {
    console: () => console,
    'the Logger of Powertools': () => new Logger(),
    pino(out) {
      const logger = pino(out);
      return {
        error: (message, detail) => logger.error({ err: detail }, message),
        warn: (message, detail) => logger.warn({ err: detail }, message),
      };
    },
    'a logger that throws': () => ({ error: broken, warn: broken }),
    'a logger that rejects': () => ({ error: async () => broken(), warn: async () => broken() }),
    'a logger with a `then` that throws': () => {
      const answer = () => Object.defineProperty({}, 'then', { get: broken });
      return { error: answer, warn: answer };
    },
  };
  for (const [name, make] of Object.entries(loggers)) {
    for (const [title, wrap] of Object.entries({ ...FAILURES, ...FOREIGN, ...HEEDING })) {
      // Both follow such an error until the stack overflows, which takes them seconds.
      if (ENDLESS.test(title) && /Powertools|pino/.test(name)) continue;
      it(`by ${name}: ${title}`, async () => {
        const lines = (await writtenBy(wrap, make)).split('\n');
        const ofTimeout = lines.filter((line) =>
          /^(?!LambdaTimeoutError).*Orders\.handler timed out 1000 ms/.test(line),
        );
        expect(ofTimeout).to.have.length(1);
      });
    }
  }

  it('and hooks run beside a logger that hangs', async () => {
    const never = () => forever() as never;
    const error = await timedOut(
      time.clock,
      throwing((timeout) => timeout, { error: never, warn: never }),
    );
    expect(String(error)).to.match(/^LambdaTimeoutError: Orders\.handler timed out/);
  });
});

describe('an error that a hook throws', () => {
  it('is one of an AggregateError, as it is, where the handler has fulfilled (R15)', async () => {
    const errors = [new Error('first', { cause: real() }), new Error('second')];
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger: new RecordingLogger() })
      async handler(_event: unknown, _context: unknown): Promise<void> {}

      @Finally
      protected first(): never {
        throw errors[0];
      }

      @Finally
      protected second(): never {
        throw errors[1];
      }
    }
    const error = await expectRejection(new Orders().handler({}, new FakeContext(3000)));
    expect(error).to.have.property('errors').that.deep.equals(errors);
  });
});
