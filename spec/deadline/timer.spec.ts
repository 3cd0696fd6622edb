import { expect } from 'chai';
import sinon from 'sinon';
import { countTimers, Timer } from '../../lib/deadline/timer.js';
import { useFakeTime } from '../support/fake-time.js';

describe('a timer', () => {
  const calls: string[] = [];
  let timer: Timer;
  // First, because fake time looks whether timers are left.
  afterEach(() => timer.clear());
  const time = useFakeTime();
  const note = (name: string) => (): void => void calls.push(`${name} at ${performance.now()}`);

  beforeEach(() => {
    calls.length = 0;
    timer = new Timer();
  });

  it('for a time that has passed has no negative delay, of which newer versions of Node warn (R9)', () => {
    const setTimeout = sinon.spy(globalThis, 'setTimeout');
    timer.set(performance.now() - 1000, () => {});
    expect(setTimeout.firstCall.args[1]).to.equal(0);
  });

  it('for a time that has passed fires after 1 ms, so one for that moment is another one', async () => {
    setTimeout(() => {
      timer.set(performance.now() - 100, note('first'));
      timer.pause();
      timer.set(performance.now() + 1, note('second'));
    }, 10);
    await time.clock.tickAsync(20);
    expect(calls).to.deep.equal(['second at 11']);
  });

  it('for a time that never comes is none', () => {
    timer.set(Number.POSITIVE_INFINITY, note('never'));
    expect(time.clock.countTimers()).to.equal(0);
    expect(countTimers()).to.equal(0);
  });

  describe('that is set again', () => {
    it('for a later time is the same one, which waits on when it fires', async () => {
      const setTimeout = sinon.spy(globalThis, 'setTimeout');
      timer.set(100, note('first'));
      await time.clock.tickAsync(10);
      timer.pause();
      timer.set(150, note('second'));
      expect(setTimeout.callCount).to.equal(1);
      await time.clock.tickAsync(90);
      expect(setTimeout.callCount).to.equal(2);
      expect(time.clock.countTimers()).to.equal(1);
      await time.clock.tickAsync(50);
      expect(calls).to.deep.equal(['second at 150']);
    });

    it('for an earlier time is another one', async () => {
      timer.set(100, note('first'));
      timer.set(50, note('second'));
      expect(time.clock.countTimers()).to.equal(1);
      await time.clock.tickAsync(200);
      expect(calls).to.deep.equal(['second at 50']);
    });

    it('after it has fired is another one', async () => {
      timer.set(100, () => timer.set(150, note('second')));
      await time.clock.tickAsync(150);
      expect(calls).to.deep.equal(['second at 150']);
    });

    it('after a test has replaced `setTimeout` is one of the new kind, and the old one is cleared', async () => {
      timer.set(100, note('first'));
      const { setTimeout } = globalThis;
      const other = sinon.spy((code: () => void, delayMs: number) => setTimeout(code, delayMs));
      sinon.replace(globalThis, 'setTimeout', other as never);
      timer.set(200, note('second'));
      expect(other.callCount).to.equal(1);
      expect(time.clock.countTimers()).to.equal(1);
    });
  });

  it('that is paused does nothing when it fires, and is gone then', async () => {
    timer.set(100, note('first'));
    timer.pause();
    expect(countTimers()).to.equal(1);
    await time.clock.tickAsync(200);
    expect(calls).to.deep.equal([]);
    expect(countTimers()).to.equal(0);
  });

  it('counts until it is cleared, also while it fires', async () => {
    const counts: number[] = [];
    timer.set(100, () => counts.push(countTimers()));
    await time.clock.tickAsync(100);
    timer.clear();
    timer.clear();
    expect([...counts, countTimers()]).to.deep.equal([1, 0]);
  });
});

describe('a timer that is set again where a test moves the time of timers alone', () => {
  it('waits by that time', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const onTime = sinon.spy();
      const timer = new Timer();
      timer.set(performance.now() + 100, () => {});
      timer.set(performance.now() + 150, onTime);
      await clock.tickAsync(149);
      expect(onTime.called).to.equal(false);
      await clock.tickAsync(2);
      expect(onTime.callCount).to.equal(1);
      timer.clear();
    } finally {
      clock.restore();
    }
  });
});
