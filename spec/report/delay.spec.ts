import inspector from 'node:inspector';
import { expect } from 'chai';
import sinon from 'sinon';
import { currentDeadline, GracefulTimeout, type LambdaTimeoutError } from '../../lib/index.js';
import { busyTimeMs, explainDelay, idleTimeMs } from '../../lib/report/delay.js';
import { StackBudget } from '../../lib/report/stack-budget.js';
import { handlerTimedOut } from '../../lib/report/timeout-report.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { RecordingLogger } from '../support/recording-logger.js';

const LATE_MS = 400;

describe('a timeout that is noticed late (R23)', () => {
  const explain = (idleMs: number) =>
    explainDelay(LATE_MS, busyTimeMs(performance.now() - 2 * LATE_MS, idleTimeMs() - idleMs));

  it('is late because the event loop was busy', () => {
    expect(explain(LATE_MS)).to.equal('blocked');
  });

  it('is late because the process did not run, if the event loop has waited all the time', () => {
    expect(explain(2 * LATE_MS)).to.equal('suspended');
  });

  it('is late because of other code, from half of the delay on', () => {
    expect(explainDelay(LATE_MS, LATE_MS / 2)).to.equal('blocked');
    expect(explainDelay(LATE_MS, LATE_MS / 2 - 1)).to.equal('suspended');
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

  it('is not late because its own stacks take long to write', async () => {
    class Orders {
      @GracefulTimeout({ marginMs: 5000, logger: new RecordingLogger() })
      async handler(_event: unknown, _context: unknown): Promise<never> {
        return currentDeadline().race(new Promise(() => {}));
      }
    }
    const rejection = expectRejection(new Orders().handler({}, new FakeContext(5050)));
    const { prepareStackTrace } = Error;
    let isWritten = false;
    Error.prepareStackTrace = (_, sites) => {
      const until = performance.now() + LATE_MS;
      while (!isWritten && performance.now() < until);
      isWritten = true;
      return sites.join('\n');
    };
    const { message, lateByMs } = (await rejection) as LambdaTimeoutError;
    Error.prepareStackTrace = prepareStackTrace;
    expect(isWritten).to.equal(true);
    expect(message).not.to.include('blocked');
    expect(lateByMs).to.be.below(LATE_MS / 2);
  });

  const messageOf = (busyMs: number): string => {
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
      noticedAtMs: now,
      busyMs,
      activeResources: {},
      pending: { operations: [], waitingFor: undefined },
    }).message;
  };
  const times = 'Orders.handler timed out 600 ms before the Lambda deadline, after 2000 ms';

  it('names the option that would have helped, if the event loop was blocked', () => {
    expect(messageOf(LATE_MS)).to.match(
      new RegExp(
        `^${times}; the event loop was blocked for the last 400 ms, which the option \`preempt\` would`,
      ),
    );
  });

  it('blames no event loop after a freeze', () => {
    expect(messageOf(0)).to.match(new RegExp(`^${times}; the process was suspended for the last 400 ms$`));
  });

  it('blames nothing while a debugger listens', () => {
    const url = sinon.stub(inspector, 'url').returns('ws://127.0.0.1:9229');
    const message = messageOf(LATE_MS);
    url.restore();
    expect(message).to.equal(times);
  });
});
