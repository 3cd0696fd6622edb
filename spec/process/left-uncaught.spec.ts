import { expect } from 'chai';
import { type AttemptState, attempts, NO_ATTEMPT } from '../../lib/deadline/current-attempt.js';
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

  it('is not the error of an aborted call of code without a deadline, whose signal is another one', () => {
    const aborted = new DOMException('The operation was aborted', 'AbortError');
    tell('uncaughtException', aborted, 'uncaughtException');
    expect(foreign).to.deep.equal([aborted]);
  });
});
