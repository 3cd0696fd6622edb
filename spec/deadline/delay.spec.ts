import inspector from 'node:inspector';
import { expect } from 'chai';
import sinon from 'sinon';
import { explainDelay, idleTimeMs } from '../../lib/deadline/delay.js';
import { StackBudget } from '../../lib/report/stack-budget.js';
import { handlerTimedOut } from '../../lib/report/timeout-report.js';

const LATE_MS = 400;

describe('a timeout that is noticed late (R23)', () => {
  const explain = (idleMs: number) => {
    const now = performance.now();
    return explainDelay(now - LATE_MS, now - 2 * LATE_MS, idleTimeMs() - idleMs);
  };

  it('is late because the event loop was busy', () => {
    expect(explain(LATE_MS)).to.equal('blocked');
  });

  it('is late because the process did not run, if the event loop has waited all the time', () => {
    expect(explain(2 * LATE_MS)).to.equal('suspended');
  });

  it('is late because of other code, from half of the delay on', () => {
    const clock = sinon.useFakeTimers({ now: 0, toFake: ['performance'] });
    clock.tick(1000);
    const busyFor = (ms: number) => explainDelay(1000 - LATE_MS, 1000 - ms, idleTimeMs());
    const reasons = [busyFor(LATE_MS / 2), busyFor(LATE_MS / 2 - 1)];
    clock.restore();
    expect(reasons).to.deep.equal(['blocked', 'suspended']);
  });

  it('is late because of a breakpoint, if a debugger listens', () => {
    const url = sinon.stub(inspector, 'url').returns('ws://127.0.0.1:9229');
    const reason = explain(LATE_MS);
    url.restore();
    expect(reason).to.equal('debugged');
  });

  it('is explained without the inspector as well, as on the first Node 20', () => {
    const { getBuiltinModule } = process;
    Object.assign(process, { getBuiltinModule: undefined });
    const reason = explain(LATE_MS);
    Object.assign(process, { getBuiltinModule });
    expect(reason).to.equal('blocked');
  });

  const messageOf = (why: ReturnType<typeof explainDelay>): string => {
    const now = performance.now();
    const facts = {
      handlerName: 'Orders.handler',
      requestId: 'request-1',
      marginMs: 1000,
      preempt: false,
      startedAtMs: now - 2000,
      remainingMs: 2600,
      hardDeadlineAtMs: now + 600,
      stacks: new StackBudget(0),
    };
    return handlerTimedOut(facts, {
      atMs: now - LATE_MS,
      blockedAt: undefined,
      activeResources: {},
      explainDelay: () => why,
      pending: { operations: [], waitingFor: undefined },
    }).message;
  };
  const times = 'Orders.handler timed out 600 ms before the Lambda deadline, after 2000 ms';

  it('names the option that would have helped, if the event loop was blocked', () => {
    expect(messageOf('blocked')).to.match(
      new RegExp(
        `^${times}; the event loop was blocked for the last 40\\d ms, which the option \`preempt\` would`,
      ),
    );
  });

  it('blames no event loop after a freeze', () => {
    expect(messageOf('suspended')).to.match(
      new RegExp(`^${times}; the process was suspended for the last 40\\d ms$`),
    );
  });

  it('blames nothing while a debugger listens', () => {
    expect(messageOf('debugged')).to.equal(times);
  });
});
