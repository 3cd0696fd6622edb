import { AsyncLocalStorage } from 'node:async_hooks';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import sinon from 'sinon';
import { attempts, type CurrentAttempt } from '../../lib/deadline/current-attempt.js';
import { Timer } from '../../lib/deadline/timer.js';
import { currentDeadline, Finally, GracefulTimeout, LambdaTimeoutError } from '../../lib/index.js';
import { Attempt, type End } from '../../lib/invocation/attempt.js';
import { HandlerArguments } from '../../lib/invocation/handler-arguments.js';
import type { InvocationFacts } from '../../lib/invocation/invocation-facts.js';
import { CallerOutcome } from '../../lib/invocation/outcome.js';
import type { Operations } from '../../lib/operations/operations.js';
import { StackBudget } from '../../lib/report/stack-budget.js';
import type { DeadlineFacts } from '../../lib/report/timeout-report.js';
import { NO_WATCHDOG } from '../../lib/watchdog/watchdog.js';
import { FakeContext } from '../support/context.js';
import { forever, useFakeTime, wait } from '../support/fake-time.js';
import { useFreshGate } from '../support/fresh-gate.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { timedOut } from '../support/timed-out.js';

const logger = new RecordingLogger();

/** Runs code with a deadline after 100 ms and a hook deadline after 200 ms. */
function begin(call: (attempt: Attempt) => unknown, others: Partial<InvocationFacts> = {}) {
  const now = performance.now();
  const timer = new Timer();
  const facts = {
    startedAtMs: now,
    idleAtStartMs: 0,
    hookDeadlineAtMs: now + 200,
    logger: new RecordingLogger(),
    stacks: new StackBudget(0),
    timer,
    watchdog: NO_WATCHDOG,
    runAlone: (step: () => void) => step(),
    ...others,
  } as InvocationFacts;
  const ends: End[] = [];
  const code = {
    name: 'Orders.handler',
    deadlineAtMs: now + 100,
    graceParts: 1,
    isResponseLost: false,
    call,
    report: ({ blockedAt }: DeadlineFacts) => new LambdaTimeoutError('timed out', { blockedAt } as never),
    onEnd: (end: End) => void ends.push(end),
  };
  const attempt = new Attempt(code, facts);
  attempt.run();
  return { attempt, ends, timer, facts };
}

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
        expect(found.pending.list(performance.now(), new StackBudget(0)).operations).to.have.length(1);
        return waiting;
      }
    }
    const orders = new Orders();
    await timedOut(time.clock, orders.handler.bind(orders));
    return found as { attempt: CurrentAttempt; pending: Operations };
  }

  it('is nothing of what it had under way, once it has ended (R0, R30)', async () => {
    const { pending } = await abandoned();
    expect(pending.list(performance.now(), new StackBudget(0)).operations).to.deep.equal([]);
  });

  it('is nothing of what its code begins after its deadline (R0, R30)', async () => {
    const { attempt } = await abandoned();
    expect(attempt.operations).to.equal(undefined);
  });

  it('is the timer of its deadline if the step after an interruption is lost: it times out then (R9, R26)', async () => {
    const { attempt, ends, timer } = begin(
      (started) => {
        started.askForDeadline();
        return forever();
      },
      { runAlone() {} },
    );
    attempt.interrupt(() => 'at loop', undefined);
    expect(attempt.state).to.equal('cut off');
    await time.clock.tickAsync(100);
    timer.clear();
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

describe('an attempt that is watched (R27)', () => {
  const time = useFakeTime();
  useFreshGate();

  /** Ends what would otherwise be under way in the specs to come. */
  const end = ({ attempt, timer }: ReturnType<typeof begin>): void => {
    attempt.expire();
    timer.clear();
  };

  it('tells its times, and that it is watched', () => {
    const now = performance.now();
    const begun = begin(forever, { watchdog: { ...NO_WATCHDOG, isWatching: true } });
    end(begun);
    expect(begun.attempt).to.include({
      isWatched: true,
      deadlineAtMs: now + 100,
      hookDeadlineAtMs: now + 200,
    });
  });

  it('is not watched without a watchdog', () => {
    const begun = begin(forever);
    end(begun);
    expect(begun.attempt.isWatched).to.equal(false);
  });

  it('is watched until its deadline, and then until its cut-off', async () => {
    const now = performance.now();
    const armed: number[] = [];
    const arm = ({ cutOffAtMs }: CurrentAttempt): void => void armed.push(cutOffAtMs);
    const answerLate = async (attempt: Attempt): Promise<void> => {
      attempt.askForDeadline();
      await wait(150);
    };
    const { attempt, timer } = begin(answerLate, { watchdog: { ...NO_WATCHDOG, arm } });
    await time.clock.tickAsync(150);
    timer.clear();
    expect(armed).to.deep.equal([now + 100, now + 200]);
    expect(attempt.state).to.equal('ended late');
  });

  it('holds its rejections back before its next step', () => {
    const { emit } = process;
    const begun = begin(forever, { runAlone() {} });
    begun.attempt.interrupt(() => 'at loop', undefined);
    const { emit: gate } = process;
    end(begun);
    expect(gate).not.to.equal(emit);
  });

  it('is not begun once it is over', () => {
    const call = sinon.fake();
    const { attempt } = begin(call);
    attempt.run();
    expect(call.callCount).to.equal(1);
  });

  it('is not interrupted again for 100 ms', () => {
    const begun = begin(forever, { runAlone() {} });
    time.clock.tick(50);
    begun.attempt.interrupt(() => 'at loop', undefined);
    end(begun);
    expect(begun.attempt.cutOffAtMs).to.equal(performance.now() + 100);
  });

  it('logs where it was interrupted after its end, as long as that may take', () => {
    const logger = new RecordingLogger();
    const { attempt, facts } = begin(() => 'done', { logger });
    const budgets: StackBudget[] = [];
    const blockedAt = (stacks: StackBudget): string => {
      budgets.push(stacks);
      return 'at loop';
    };
    attempt.interrupt(blockedAt, undefined);
    expect(logger.lines).to.deep.equal([
      {
        level: 'warn',
        message:
          'Orders.handler blocked the event loop after it had ended, and was interrupted, in request without an id',
        detail: 'at loop',
      },
    ]);
    time.clock.tick(200);
    attempt.interrupt(blockedAt, undefined);
    expect(budgets.map((budget) => budget === facts.stacks)).to.deep.equal([true, false]);
    expect(budgets[1]?.spend(new Set([import.meta.url]), (isMapped) => isMapped)).to.equal(true);
  });

  it('logs that it was interrupted in the middle of an import, since Node never loads such a module again', () => {
    const logger = new RecordingLogger();
    const { attempt, ends, timer } = begin(forever, { logger });
    attempt.interrupt(() => 'at loop', 'file:///orders.js');
    timer.clear();
    expect(ends[0]).to.have.nested.property('error.blockedAt', 'at loop');
    expect(logger.messages).to.deep.equal([
      'warn: Orders.handler was interrupted in the middle of an import of file:///orders.js',
    ]);
    expect(logger.lines[0]?.detail).to.include('`process.exit(1)` in the last @Finally hook');
  });
});

describe('an attempt that fails in time (R11)', () => {
  it('tells that it was in time', () => {
    const reason = new Error('order failed');
    const { ends } = begin(() => {
      throw reason;
    });
    expect(ends).to.deep.equal([{ how: 'in time', outcome: { status: 'rejected', reason } }]);
  });
});

describe('the arguments of a handler', () => {
  it('are let go of at the end of the invocation, with the stream (R0)', () => {
    const args = new HandlerArguments([{}, new PassThrough(), new FakeContext(3000)], 2);
    const attempt = { isPastDeadline: false } as Attempt;
    expect(args.for(attempt)).to.have.length(3);
    expect(args.response).to.have.property('isLost', false);
    args.release();
    expect(args.for(attempt)).to.deep.equal([]);
    expect(args.response).to.equal(undefined);
  });
});

describe('what the caller is about to receive (R15)', () => {
  it('is rejected for the hooks after one that has failed, and after two', () => {
    const outcome = new CallerOutcome({ status: 'fulfilled', value: 'done' }, 'Orders.handler');
    const first = { status: 'rejected', reason: new Error('first') } as const;
    outcome.conclude(first);
    expect(outcome.current).to.equal(first);
    outcome.conclude({ status: 'rejected', reason: 'second' });
    expect(outcome.current).to.have.property('status', 'rejected');
    expect(outcome.current)
      .to.have.nested.property('reason.errors')
      .that.deep.equals([first.reason, 'second']);
  });
});

describe('what is told that its time is over (R24, R26)', () => {
  const time = useFakeTime();

  it('has an eighth of the time from the deadline to the hook deadline before it is interrupted, or its grace', async () => {
    const now = performance.now();
    const times = { deadlineAtMs: now + 100, hookDeadlineAtMs: now + 500, hardDeadlineAtMs: now + 1000 };
    const last = begin(forever, { ...times, hardDeadlineAtMs: now + 160 });
    const abandoned = begin(forever, times);
    const asking = begin(() => {
      currentDeadline();
      return forever();
    }, times);
    await time.clock.tickAsync(100);
    expect(abandoned.attempt).to.include({ state: 'timed out', cutOffAtMs: now + 150 });
    expect(asking.attempt).to.include({ state: 'in grace', cutOffAtMs: now + 500 });
    expect(last.attempt, 'the answer needs half of what is left').to.include({ cutOffAtMs: now + 130 });
    for (const { timer } of [last, abandoned, asking]) timer.clear();
  });

  it('has 100 ms after it was interrupted, and 15 after each further time: Node may be telling of its errors', () => {
    const { attempt, timer } = begin(forever, { runAlone() {}, hookDeadlineAtMs: performance.now() + 900 });
    const leftMs = (): number => {
      const left = attempt.cutOffAtMs - performance.now();
      attempt.cutOffAtMs = 0;
      return left;
    };
    for (const expected of [100, 15, 15]) {
      attempt.interrupt(() => 'at loop', undefined);
      expect(leftMs()).to.equal(expected);
      attempt.takeUncaught(new Error('lost'));
      expect(leftMs(), 'after a line of the log').to.equal(expected);
    }
    timer.clear();
  });

  it('may keep the hooks waiting for an eighth of their time once it has timed out, and for 15 ms after an interruption', () => {
    const times = { hookDeadlineAtMs: performance.now() + 500, hardDeadlineAtMs: performance.now() + 1000 };
    const { attempt, timer } = begin(forever, times);
    attempt.interrupt(() => 'at loop', undefined);
    expect(attempt).to.include({ state: 'timed out', leavingMs: 50 });
    attempt.interrupt(() => 'at loop', undefined);
    expect(attempt).to.include({ leavingMs: 15 });
    const late = begin(forever, { hookDeadlineAtMs: performance.now() });
    expect(late.attempt, 'no less').to.include({ leavingMs: 15 });
    for (const each of [timer, late.timer]) each.clear();
  });
});

describe('a handler that takes a callback and returns something (R21)', () => {
  const time = useFakeTime();
  type Callback = (error: unknown, value?: unknown) => void;
  const returning = (work: (callback: Callback) => unknown): Promise<unknown> => {
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger })
      handler(_event: unknown, _context: unknown, callback?: Callback): unknown {
        return work(callback as Callback);
      }
    }
    return new Orders().handler({}, new FakeContext(1200)) as Promise<unknown>;
  };

  for (const value of [null, 0, '', false]) {
    it(`answers with it: ${JSON.stringify(value)}`, async () => {
      expect(await returning(() => value)).to.equal(value);
    });
  }

  it('answers with what the promise of it becomes', async () => {
    expect(await returning(async () => ({ id: 1 }))).to.deep.equal({ id: 1 });
  });

  it('answers through the callback if it returns what will call that, such as a timer or a request', async () => {
    for (const request of [{ service: 'orders' }, () => {}]) {
      const answer = returning((callback) => {
        setTimeout(callback, 10, null, 'done');
        return request;
      });
      await time.clock.tickAsync(10);
      expect(await answer).to.equal('done');
    }
  });
});

describe('a callback that is called in the context of another request', () => {
  const time = useFakeTime();

  it('runs the hooks in that of its own caller (R17, R21)', async () => {
    const requests = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger })
      handler(
        { fails }: { fails: boolean },
        _context: unknown,
        callback?: (...args: unknown[]) => void,
      ): void {
        requests.run('another', () => setTimeout(() => callback?.(fails ? 'failed' : null), 10));
      }

      @Finally
      protected close({ status }: PromiseSettledResult<unknown>): void {
        seen.push([status, requests.getStore()]);
      }
    }
    for (const fails of [false, true]) {
      const answer = requests.run('its own', () => new Orders().handler({ fails }, new FakeContext(1200)));
      const settled = Promise.allSettled([answer]);
      await time.clock.tickAsync(10);
      await settled;
    }
    expect(seen).to.deep.equal([
      ['fulfilled', 'its own'],
      ['rejected', 'its own'],
    ]);
  });
});
