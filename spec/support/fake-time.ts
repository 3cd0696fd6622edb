import { expect } from 'chai';
import sinon from 'sinon';

/** Gives each spec of a suite its own virtual time. Restores all that sinon has replaced, and fails if a timer is left. */
export function useFakeTime(): { readonly clock: sinon.SinonFakeTimers } {
  const time = {} as { clock: sinon.SinonFakeTimers };
  beforeEach(() => {
    // Not nextTick and queueMicrotask: Node itself and mocha's reporter need the real ones.
    time.clock = sinon.useFakeTimers({
      now: Date.UTC(2026, 0, 1),
      toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'],
    });
  });
  afterEach(() => {
    const left = time.clock.countTimers();
    sinon.restore();
    expect(left, 'timers left').to.equal(0);
  });
  return time;
}

/** Fulfils after this number of ms. */
export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Never settles. */
export const forever = (): Promise<never> => new Promise(() => {});
