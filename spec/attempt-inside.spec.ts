import { expect } from 'chai';
import sinon from 'sinon';
import { attempts, type CurrentAttempt } from '../lib/deadline/current-attempt.js';
import { Timer } from '../lib/deadline/timer.js';
import { currentDeadline, GracefulTimeout, LambdaTimeoutError } from '../lib/index.js';
import { Attempt, type End } from '../lib/invocation/attempt.js';
import type { InvocationFacts } from '../lib/invocation/invocation-facts.js';
import type { Operations } from '../lib/operations/operations.js';
import { StackBudget } from '../lib/report/stack-budget.js';
import { NO_WATCHDOG } from '../lib/watchdog/watchdog.js';
import { FakeContext } from './support/context.js';
import { forever, useFakeTime } from './support/fake-time.js';
import { RecordingLogger } from './support/recording-logger.js';
import { timedOut } from './support/timed-out.js';

const logger = new RecordingLogger();

describe('what an attempt keeps', () => {
  const time = useFakeTime();

  /** Times out, and returns the attempt and what it had noted as pending. */
  async function abandoned(): Promise<{ attempt: CurrentAttempt; pending: Operations }> {
    let found: { attempt: CurrentAttempt; pending: Operations } | undefined;
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger })
      handler(_event: unknown, _context: unknown): Promise<unknown> {
        const waiting = currentDeadline().race(forever());
        const attempt = attempts.getStore() as CurrentAttempt;
        found = { attempt, pending: attempt.operations as Operations };
        expect(found.pending.list(new StackBudget(0)).operations).to.have.length(1);
        return waiting;
      }
    }
    const orders = new Orders();
    await timedOut(time.clock, orders.handler.bind(orders));
    return found as { attempt: CurrentAttempt; pending: Operations };
  }

  it('is nothing of what it had under way, once it has ended (R0, R30)', async () => {
    const { pending } = await abandoned();
    expect(pending.list(new StackBudget(0)).operations).to.deep.equal([]);
  });

  it('is nothing of what its code begins after its deadline (R0, R30)', async () => {
    const { attempt } = await abandoned();
    expect(attempt.operations).to.equal(undefined);
  });

  it('is the timer of its deadline if the step after an interruption is lost: it times out then (R9, R26)', async () => {
    const ends: End[] = [];
    const now = performance.now();
    const facts = {
      startedAtMs: now,
      idleAtStartMs: 0,
      hookDeadlineAtMs: now + 200,
      stacks: new StackBudget(0),
      watchdog: NO_WATCHDOG,
      runAlone() {},
    } as unknown as InvocationFacts;
    const code = {
      name: 'Orders.handler',
      deadlineAtMs: now + 100,
      graceParts: 1,
      isResponseLost: false,
      call: (attempt: Attempt) => {
        attempt.askForDeadline();
        return forever();
      },
      report: () => new LambdaTimeoutError('timed out', {} as never),
      onEnd: (end: End) => void ends.push(end),
    };
    const attempt = new Attempt(code, facts);
    attempt.run();
    attempt.interrupt(() => 'at loop', undefined);
    expect(attempt.state).to.equal('cut off');
    await time.clock.tickAsync(100);
    expect(ends.map(({ how }) => how)).to.deep.equal(['timed out']);
  });

  it('is no timer that does anything once it has ended, also if a test has replaced what clears it (R9)', async () => {
    const clear = sinon.stub(globalThis, 'clearTimeout');
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger })
      async handler(_event: unknown, _context: unknown): Promise<string> {
        await Promise.resolve();
        return 'done';
      }
    }
    expect(await new Orders().handler({}, new FakeContext(1200))).to.equal('done');
    expect(clear.callCount).to.equal(1);
    const before = logger.lines.length;
    await time.clock.tickAsync(200);
    expect(logger.lines).to.have.length(before);
  });

  it('is a cut-off that never comes, where there is no deadline (R8, R27)', async () => {
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger })
      async handler(): Promise<number | undefined> {
        currentDeadline();
        return attempts.getStore()?.cutOffAtMs;
      }
    }
    expect(await new Orders().handler()).to.equal(Number.POSITIVE_INFINITY);
  });
});

describe('a timer for a time that has passed (R9)', () => {
  afterEach(() => sinon.restore());

  it('has no negative delay, of which newer versions of Node warn', () => {
    const setTimeout = sinon.spy(globalThis, 'setTimeout');
    new Timer(performance.now() - 1000, () => {}).clear();
    expect(setTimeout.firstCall.args[1]).to.equal(0);
  });
});

describe('a handler that takes a callback and returns something (R21)', () => {
  for (const value of [null, 0, '', false]) {
    it(`answers with it: ${JSON.stringify(value)}`, async () => {
      class Orders {
        @GracefulTimeout({ marginMs: 1000, logger })
        handler(_event: unknown, _context: unknown, _callback?: () => void): unknown {
          return value;
        }
      }
      expect(await new Orders().handler({}, new FakeContext(1200))).to.equal(value);
    });
  }
});
