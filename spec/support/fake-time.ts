import { expect } from 'chai';
import sinon from 'sinon';

/** Gives each spec of a suite its own virtual time, fails it if a timer is left, and restores all that sinon has replaced. */
export function useFakeTime(): { readonly clock: sinon.SinonFakeTimers } {
  const time = {} as { clock: sinon.SinonFakeTimers };
  beforeEach(() => {
    // Not nextTick and queueMicrotask, which Node itself and mocha's reporter go by.
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

/** Ends after so many ms. */
export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Never ends. */
export const forever = (): Promise<never> => new Promise(() => {});
