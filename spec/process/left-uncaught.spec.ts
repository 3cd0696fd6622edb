import { AsyncLocalStorage } from 'node:async_hooks';
import { expect } from 'chai';
import sinon from 'sinon';
import { type AttemptState, attempts, NO_ATTEMPT } from '../../lib/deadline/current-attempt.js';
import { LambdaTimeoutError } from '../../lib/index.js';
import { holdBackUncaught } from '../../lib/process/left-uncaught.js';
import { useFreshGate } from '../support/fresh-gate.js';
import { useLeftUncaught } from '../support/left-uncaught.js';

describe('what is held back of what nobody has caught (R16)', () => {
  const foreign = useLeftUncaught('uncaughtException', 'unhandledRejection');
  useFreshGate();
  beforeEach(() => holdBackUncaught());

  const failure = new Error('left alone');
  const tell = (event: string, error: unknown, origin: unknown): unknown =>
    (process as NodeJS.EventEmitter).emit(event, error, origin);

  /** Tells of an error in the context of an attempt, and returns what the attempt takes. */
  const takenOf = (state: AttemptState, events: () => void): unknown[] => {
    const taken: unknown[] = [];
    attempts.run({ ...NO_ATTEMPT, state, takeUncaught: (error) => taken.push(error) }, events);
    return taken;
  };

  for (const state of ['in grace', 'cut off', 'ended late', 'timed out'] as const) {
    it(`is an error of code that is ${state}`, () => {
      const taken = takenOf(state, () => tell('uncaughtException', failure, 'uncaughtException'));
      expect(taken).to.deep.equal([failure]);
      expect(foreign).to.deep.equal([]);
    });
  }

  for (const state of ['running', 'ended'] as const) {
    it(`is no error of code that is ${state}, whose deadline has not come`, () => {
      const taken = takenOf(state, () => tell('uncaughtException', failure, 'uncaughtException'));
      expect(taken).to.deep.equal([]);
      expect(foreign).to.deep.equal([failure]);
    });
  }

  it('is told once, however many events Node emits for it, as with `--unhandled-rejections=strict`', () => {
    const taken = takenOf('timed out', () => {
      tell('uncaughtExceptionMonitor', failure, 'unhandledRejection');
      tell('uncaughtException', failure, 'unhandledRejection');
      tell('unhandledRejection', failure, Promise.resolve());
    });
    expect(taken).to.deep.equal([failure]);
    expect(foreign).to.deep.equal([]);
  });

  describe('that leads to a timeout, of code whose deadline has not come', () => {
    const timeout = Object.create(LambdaTimeoutError.prototype, { message: { value: 'timed out' } }) as Error;
    let warn: sinon.SinonStub;
    beforeEach(() => {
      warn = sinon.stub(console, 'warn');
    });
    afterEach(() => warn.restore());

    const aborted = Object.assign(new Error('aborted', { cause: timeout }), { name: 'APIUserAbortError' });
    const nothingMore = {
      'the timeout itself': timeout,
      'the error of an aborted call': aborted,
      'several of these': new AggregateError([timeout, aborted], 'all failed'),
      'a SuppressedError of them': { error: timeout, suppressed: aborted },
    };
    for (const [what, error] of Object.entries(nothingMore)) {
      it(`is held back without a word if it is ${what}`, () => {
        tell('uncaughtException', error, 'uncaughtException');
        tell('unhandledRejection', error, Promise.resolve());
        expect(foreign).to.deep.equal([]);
        expect(warn.args).to.deep.equal([]);
      });
    }

    for (const state of ['running', undefined] as const) {
      it(`has words of its own: passes if it is thrown, and is said without them, once, if it is rejected (${state ?? 'no attempt'})`, () => {
        const message = `Request failed\n    at https://secret@example.com:1:2 (${state})`;
        const name = `${state}Error`;
        const wrapped = Object.assign(new RangeError(message, { cause: timeout }), { name });
        wrapped.stack += '\nCaused by: secret:1:2';
        const events = (): void => {
          tell('uncaughtExceptionMonitor', wrapped, 'uncaughtException');
          tell('uncaughtException', wrapped, 'uncaughtException');
          expect(warn.args).to.deep.equal([]);
          tell('uncaughtExceptionMonitor', wrapped, 'unhandledRejection');
          tell('uncaughtException', wrapped, 'unhandledRejection');
          tell('unhandledRejection', wrapped, Promise.resolve());
          tell('unhandledRejection', wrapped, Promise.resolve());
        };
        if (state) expect(takenOf(state, events)).to.deep.equal([]);
        else events();
        expect(foreign).to.deep.equal([wrapped]);
        const [[line, detail]] = warn.args as [[string, string]];
        expect(warn.callCount).to.equal(1);
        expect(line).to.equal(
          'A rejection that nobody handles leads to a timeout, so it does not end the process',
        );
        expect(detail)
          .to.match(/^\w+Error\n +at .*left-uncaught\.spec/)
          .and.not.include('secret');
      });
    }

    it('has words of its own, of what an invocation has opened that ended in time, as a queue: is held back without a word', () => {
      const wrapped = new RangeError('Request failed', { cause: timeout });
      expect(takenOf('ended', () => tell('unhandledRejection', wrapped, Promise.resolve()))).to.deep.equal(
        [],
      );
      expect(foreign).to.deep.equal([]);
      expect(warn.args).to.deep.equal([]);
    });

    it('has no name and no frames where it is no error', () => {
      const odd = {
        name: Symbol('odd'),
        stack: 5,
        cause: timeout,
        message: {
          toString(): never {
            throw new Error('refused');
          },
        },
      };
      tell('unhandledRejection', odd, Promise.resolve());
      expect(warn.args.map(([, detail]) => detail)).to.deep.equal(['Error']);
      expect(foreign).to.deep.equal([]);
    });
  });

  it('is told by Node in the context of the promise, and from Node 24 on in that of the call which rejects it', async () => {
    const context = new AsyncLocalStorage<string>();
    const told = new Promise((resolve) =>
      process.once('unhandledRejection', () => resolve(context.getStore())),
    );
    let reject = (_reason: Error): void => {};
    context.run('the promise', () => {
      new Promise((_, rejectIt) => {
        reject = rejectIt;
      });
    });
    context.run('the call', () => setImmediate(() => reject(failure)));
    expect(await told).to.equal(Number.parseInt(process.versions.node, 10) < 24 ? 'the promise' : 'the call');
  });

  it('is the error of an aborted call of what an ended invocation has opened, for a second after a deadline', () => {
    const clock = sinon.useFakeTimers({ toFake: ['performance'] });
    try {
      const aborted = new DOMException('The operation was aborted', 'AbortError');
      const leave = (): void => tell('unhandledRejection', aborted, Promise.resolve()) as undefined;
      holdBackUncaught();
      clock.tick(999);
      expect(takenOf('ended', leave)).to.deep.equal([]);
      expect(foreign).to.deep.equal([]);
      takenOf('running', leave);
      expect(foreign).to.deep.equal([aborted]);
      clock.tick(1);
      takenOf('ended', leave);
      expect(foreign).to.deep.equal([aborted, aborted]);
    } finally {
      clock.restore();
    }
  });

  it('is not the error of an aborted call of code without a deadline, whose signal is another one', () => {
    const aborted = new DOMException('The operation was aborted', 'AbortError');
    tell('uncaughtException', aborted, 'uncaughtException');
    expect(foreign).to.deep.equal([aborted]);
  });
});
