import { expect } from 'chai';
import {
  type AttemptState,
  attempts,
  type CurrentAttempt,
  NO_ATTEMPT,
} from '../../lib/deadline/current-attempt.js';
import { realTimeMs } from '../../lib/watchdog/real-time.js';
import { type ExpiredCode, WatchedAttempts } from '../../lib/watchdog/watched-attempts.js';
import { useFakeTime } from '../support/fake-time.js';

const NEVER = Number.POSITIVE_INFINITY;

/** An attempt with its deadline after 100 ms, its cut-off after 200 and its hook deadline after 400. */
const attemptOf = (fields: Partial<CurrentAttempt> = {}): CurrentAttempt => ({
  ...NO_ATTEMPT,
  isWatched: true,
  deadlineAtMs: 100,
  cutOffAtMs: 200,
  hookDeadlineAtMs: 400,
  leavingMs: 50,
  ...fields,
});

const timedOut = (below?: CurrentAttempt, fields: Partial<CurrentAttempt> = {}): CurrentAttempt =>
  attemptOf({ state: 'timed out', below, ...fields });

/** Waits in real time, also while time is fake. */
const { setTimeout: startTimer } = globalThis;
const reallyWait = (ms: number): Promise<void> => new Promise((resolve) => startTimer(resolve, ms));

describe('when a thread has to be looked at (R26)', () => {
  const time = useFakeTime();
  let watched: WatchedAttempts;
  beforeEach(() => {
    watched = new WatchedAttempts(false);
  });

  it('is never without an attempt', () => {
    expect(watched.msUntilLook()).to.equal(NEVER);
    watched.refresh();
    expect(watched.msUntilLook()).to.equal(NEVER);
  });

  it('is at the first deadline, which abandoned code must not delay, and then at the first cut-off', () => {
    watched.add(attemptOf({ deadlineAtMs: 150 }));
    watched.add(attemptOf());
    watched.add(attemptOf({ deadlineAtMs: 300, cutOffAtMs: 300 }));
    expect(watched.msUntilLook()).to.equal(100);
    time.clock.tick(100);
    expect(watched.msUntilLook()).to.equal(0);
    watched.refresh();
    expect(watched.msUntilLook()).to.equal(50);
    time.clock.tick(50);
    watched.refresh();
    expect(watched.msUntilLook()).to.equal(50);
    time.clock.tick(70);
    expect(watched.msUntilLook()).to.equal(0);
  });

  it('is at the cut-off of an attempt whose deadline has come when it is armed', () => {
    time.clock.tick(100);
    watched.add(attemptOf());
    expect(watched.msUntilLook()).to.equal(100);
  });

  it('is at the cut-off where that comes first', () => {
    watched.add(attemptOf({ cutOffAtMs: 50 }));
    expect(watched.msUntilLook()).to.equal(50);
  });

  it('is known anew when an attempt has left', () => {
    const [first, second] = [attemptOf(), attemptOf({ deadlineAtMs: 150 })];
    watched.add(first);
    watched.add(second);
    watched.remove(first);
    expect(watched.msUntilLook(), 'rather too early').to.equal(100);
    watched.refresh();
    expect(watched.msUntilLook()).to.equal(150);
    watched.remove(second);
    expect(watched.msUntilLook()).to.equal(NEVER);
  });

  it('is four times a second once there may be abandoned code, and then when that may end', async () => {
    watched.remove(timedOut());
    expect(watched.msUntilLook()).to.equal(250);
    watched.findExpired(true);
    await reallyWait(20);
    expect(watched.msUntilLook()).to.be.within(500, 985);
    watched.noteAlive();
    expect(watched.msUntilLook()).to.equal(250);
    watched.add(attemptOf());
    expect(watched.msUntilLook()).to.equal(100);
  });
});

describe('code that must end (R27)', () => {
  const time = useFakeTime();
  let watched: WatchedAttempts;
  beforeEach(() => {
    watched = new WatchedAttempts(false);
  });

  /** What is found while code of an attempt is running. */
  const look = (attempt: CurrentAttempt | undefined, isInCode = true): ExpiredCode | undefined =>
    attempts.run(attempt as CurrentAttempt, () => watched.findExpired(isInCode));

  for (const state of ['running', 'in grace', 'cut off'] as const) {
    it(`is that of an attempt that is ${state}, from its cut-off on`, () => {
      const attempt = attemptOf({ state });
      watched.add(attempt);
      time.clock.tick(199);
      expect(look(attempt)).to.equal(undefined);
      time.clock.tick(1);
      expect(look(attempt)).to.deep.equal({ attempts: [attempt], isUrgent: false });
      time.clock.tick(99);
      expect(look(attempt)).to.have.property('isUrgent', false);
      time.clock.tick(1);
      expect(look(attempt), 'half of the time of the hooks is over').to.have.property('isUrgent', true);
    });
  }

  for (const [what, fields] of Object.entries({
    'that is not watched': { isWatched: false },
    'that has ended': { state: 'ended' },
    'that has ended late': { state: 'ended late' },
  } satisfies Record<string, { isWatched?: boolean; state?: AttemptState }>)) {
    it(`is not that of an attempt ${what}`, () => {
      time.clock.tick(1000);
      expect(look(attemptOf(fields))).to.equal(undefined);
      expect(look(attemptOf(fields))).to.equal(undefined);
    });
  }

  it('is not that of this package', () => {
    time.clock.tick(1000);
    watched.add(attemptOf());
    for (let looks = 0; looks < 3; looks++) expect(look(NO_ATTEMPT)).to.equal(undefined);
  });

  it('is code whose async context was lost, if the attempt to which it belongs must end', () => {
    const attempt = attemptOf();
    time.clock.tick(200);
    const expired = { attempts: [attempt], isUrgent: false };
    expect(watched.findExpired(true, attempt)).to.deep.equal(expired);
    // Once the calls of the code have been ended, its context may be that of the step which has called the handler.
    expect(attempts.run(NO_ATTEMPT, () => watched.findExpired(true, attempt))).to.deep.equal(expired);
    expect(attempts.run(attemptOf({ cutOffAtMs: 900 }), () => watched.findExpired(true, attempt))).to.equal(
      undefined,
    );
  });

  it('belongs to all attempts up to the outermost one whose time is over', () => {
    const outermost = attemptOf({ cutOffAtMs: 900 });
    const outer = attemptOf({ below: outermost });
    const inner = attemptOf({ below: outer, cutOffAtMs: 900 });
    time.clock.tick(200);
    expect(look(inner)).to.deep.equal({ attempts: [inner, outer], isUrgent: false });
    const ended = attemptOf({ below: outer, state: 'ended' });
    expect(look(ended)).to.deep.equal({ attempts: [ended, outer], isUrgent: false });
    const only = attemptOf({ below: outermost });
    expect(look(only)).to.deep.equal({ attempts: [only], isUrgent: false });
    time.clock.tick(100);
    expect(look(inner)).to.have.property('isUrgent', true);
  });

  describe('and was abandoned', () => {
    it('is that which blocks for a second, and also the code of Node after two', async function () {
      this.timeout(10_000);
      const attempt = timedOut();
      time.clock.tick(1000);
      const from = realTimeMs();
      expect(look(attempt)).to.equal(undefined);
      const to = realTimeMs();
      const seen = new Set<boolean | undefined>();
      while (!seen.has(true)) {
        const before = realTimeMs() - to;
        const expired = look(attempt);
        const after = realTimeMs() - from;
        seen.add(expired?.isUrgent);
        if (expired) expect(expired.attempts).to.deep.equal([attempt]);
        // However late this thread looks.
        const [fromMs, toMs] = !expired ? [0, 1000] : expired.isUrgent ? [2000, NEVER] : [1000, 2000];
        expect(after).to.be.at.least(fromMs);
        expect(before).to.be.below(toMs);
        await reallyWait(5);
      }
      expect([...seen]).to.deep.equal([undefined, false, true]);
      watched.noteAlive();
      expect(look(attempt)).to.equal(undefined);
    });

    it('is that which keeps the rest of its own invocation waiting for longer than it is left', async () => {
      const attempt = timedOut(undefined, {
        hookDeadlineAtMs: 500,
        inFlight: { self: undefined, context: {} },
      });
      time.clock.tick(100);
      watched.remove(attempt);
      expect(watched.msUntilLook()).to.equal(50);
      const from = realTimeMs();
      expect(look(attempt)).to.equal(undefined);
      watched.refresh();
      expect(watched.msUntilLook()).to.equal(50);
      while (!look(attempt)) await reallyWait(1);
      expect(realTimeMs() - from).to.be.at.least(50);
      expect(look(attempt)).to.deep.equal({ attempts: [attempt], isUrgent: false });
      time.clock.tick(250);
      expect(look(attempt), 'half of the time of the hooks is over').to.have.property('isUrgent', true);
      watched.noteAlive();
      expect(look(attempt)).to.equal(undefined);
    });

    it('does not answer for the time of this package, whose logger may be at work for it', async () => {
      const attempt = timedOut(undefined, { inFlight: { self: undefined, context: {} } });
      watched.remove(attempt);
      expect(look(attempt)).to.equal(undefined);
      await reallyWait(45);
      expect(look(NO_ATTEMPT)).to.equal(undefined);
      expect(look(attempt)).to.equal(undefined);
      await reallyWait(60);
      expect(look(attempt)).to.deep.equal({ attempts: [attempt], isUrgent: false });
    });

    it('is for a second where another invocation is in flight, which a callback of it may serve', async () => {
      const attempt = timedOut(undefined, { hookDeadlineAtMs: 500, inFlight: { self: 1, context: 1 } });
      const hook = attemptOf({ deadlineAtMs: 500, cutOffAtMs: 500, inFlight: attempt.inFlight });
      const other = attemptOf({ deadlineAtMs: 900, inFlight: { self: 1, context: 2 } });
      for (const each of [hook, other]) watched.add(each);
      watched.remove(attempt);
      expect(look(attempt)).to.equal(undefined);
      await reallyWait(60);
      expect(look(attempt)).to.equal(undefined);
      watched.remove(other);
      expect(look(attempt)).to.deep.equal({ attempts: [attempt], isUrgent: false });
    });

    it('is looked at soon also once a hook of its invocation has ended', () => {
      const attempt = timedOut(undefined, { hookDeadlineAtMs: 500, inFlight: { self: 1, context: 1 } });
      const hook = attemptOf({ deadlineAtMs: 500, cutOffAtMs: 500, inFlight: attempt.inFlight });
      watched.remove(attempt);
      watched.add(hook);
      watched.remove(hook);
      expect(watched.msUntilLook()).to.equal(50);
    });

    it('is looked at soon until its invocation has settled, at most after 250 ms', () => {
      const last = timedOut(undefined, { leavingMs: 15, inFlight: { self: 1, context: 2 } });
      const long = timedOut(undefined, { leavingMs: 1e4, inFlight: last.inFlight });
      watched.remove(long);
      expect(watched.msUntilLook()).to.equal(250);
      watched.remove(last);
      expect(watched.msUntilLook()).to.equal(15);
      Object.assign(last, { inFlight: undefined });
      watched.refresh();
      expect(watched.msUntilLook()).to.equal(250);
    });

    it('is that which blocks while another invocation is at its deadline', () => {
      const attempt = timedOut();
      watched.add(attemptOf({ deadlineAtMs: 500, cutOffAtMs: 600, hookDeadlineAtMs: 700 }));
      time.clock.tick(499);
      expect(look(attempt)).to.equal(undefined);
      time.clock.tick(1);
      expect(look(attempt)).to.deep.equal({ attempts: [attempt], isUrgent: false });
      time.clock.tick(150);
      expect(look(attempt)).to.deep.equal({ attempts: [attempt], isUrgent: true });
    });
  });

  describe('of no attempt', () => {
    const outer = attemptOf();
    beforeEach(() => {
      watched = new WatchedAttempts(true);
      watched.add(outer);
      time.clock.tick(200);
    });

    it('is that of the only invocation, if two looks have found it', () => {
      expect(look(undefined, false), 'idle').to.equal(undefined);
      expect(look(undefined), 'awake again').to.equal(undefined);
      expect(look(undefined)).to.deep.equal({ attempts: [outer], isUrgent: false });
      time.clock.tick(100);
      expect(look(undefined)).to.deep.equal({ attempts: [outer], isUrgent: true });
    });

    it('is that of the only invocation for half of the time of its hooks at most, once its own code has been ended', () => {
      const cutOff = attemptOf({ state: 'cut off' });
      watched.remove(outer);
      watched.add(cutOff);
      look(undefined);
      time.clock.tick(99);
      expect(look(undefined)).to.equal(undefined);
      time.clock.tick(1);
      expect(look(undefined)).to.deep.equal({ attempts: [cutOff], isUrgent: true });
    });

    it('is also that of an invocation that has ended', () => {
      const ended = attemptOf({ state: 'ended' });
      expect(look(ended)).to.equal(undefined);
      expect(look(ended)).to.deep.equal({ attempts: [outer], isUrgent: false });
    });

    it('is none while no code is running, nor after a sign of life, nor after other code', () => {
      look(undefined);
      expect(look(undefined, false)).to.equal(undefined);
      watched.noteAlive();
      expect(look(undefined)).to.equal(undefined);
      expect(look(attemptOf({ cutOffAtMs: 900 }))).to.equal(undefined);
      expect(look(undefined)).to.equal(undefined);
    });

    it('is that of the outer one where one is below another', () => {
      const inner = attemptOf({ below: outer, cutOffAtMs: 900 });
      watched.add(inner);
      watched.add(attemptOf({ below: inner }));
      look(undefined);
      expect(look(undefined)).to.deep.equal({ attempts: [outer], isUrgent: false });
    });

    it('is that of the inner one where the outer one is no longer armed', () => {
      const inner = attemptOf({ below: outer });
      watched.remove(outer);
      watched.add(inner);
      look(undefined);
      expect(look(undefined)).to.deep.equal({ attempts: [inner], isUrgent: false });
    });

    it('is none before the cut-off', () => {
      watched.remove(outer);
      watched.add(attemptOf({ cutOffAtMs: 201 }));
      look(undefined);
      expect(look(undefined)).to.equal(undefined);
    });

    it('is none where several invocations are in flight, or none, or where other code runs beside them', () => {
      watched.add(attemptOf());
      look(undefined);
      expect(look(undefined)).to.equal(undefined);
      watched = new WatchedAttempts(true);
      look(undefined);
      expect(look(undefined)).to.equal(undefined);
      watched = new WatchedAttempts(false);
      watched.add(outer);
      look(undefined);
      expect(look(undefined)).to.equal(undefined);
    });
  });
});
