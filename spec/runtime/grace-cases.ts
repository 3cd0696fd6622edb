import { expect } from 'chai';
import type { InvocationResult } from '../../samples/local-lambda/invocation.js';
import type { LocalLambda } from '../../samples/local-lambda/local-lambda.js';
import type { Way } from './grace-handlers.js';
import { type FunctionOf, headlines, printedBetween, useFunction } from './local-lambda.js';

// The handlers have a margin of 950 ms and a reserve of 200 ms. So the deadline comes 100 ms after the start, and 750 ms
// before the hook deadline.
const TIMEOUT_MS = 1050;
const DEADLINE_MS = 100;
const HOOK_DEADLINE_MS = 850;
/** How late a cut-off may come, at most, on a busy machine. The grace of a class with two hooks is longer: 250 ms. */
const LATE_MS = 240;

/** The cut-off of a handler in its grace, in ms after the start, if its class has this many hooks. */
const cutOffMs = (hooks: number): number => DEADLINE_MS + (HOOK_DEADLINE_MS - DEADLINE_MS) / (hooks + 1);

/** What a successful invocation prints. */
const OF_SUCCESS = /^INFO (closed( first)?: fulfilled|left the subclass)$/;

/** Invokes twice. The second invocation proves that the process serves it and prints nothing of the first one in it. */
export async function invokeTwice(lambda: LocalLambda, way: Way): Promise<InvocationResult> {
  const from = lambda.log.length;
  const result = await lambda.invoke({ way });
  expect(result.status, result.error?.errorMessage).to.be.oneOf(['succeeded', 'failed']);
  const next = await lambda.invoke({});
  expect(next).to.include({ status: 'succeeded', processId: result.processId });
  expect(next.response ?? next.body).to.be.oneOf(['done', 'one done']);
  expect(headlines(next).filter((line) => !OF_SUCCESS.test(line))).to.deep.equal([]);
  expect(printedBetween(lambda.log.slice(from))).to.deep.equal([]);
  return result;
}

export const expectTimedOut = (result: InvocationResult, withinMs = TIMEOUT_MS): void => {
  expect(result.status, result.error?.errorMessage).to.equal('failed');
  expect(result.error?.errorType).to.equal('LambdaTimeoutError');
  expect(result.error?.errorMessage).to.match(
    /\.handler timed out \d+ ms before the Lambda deadline, after /,
  );
  expect(result.durationMs).to.be.below(withinMs);
};

export const expectSucceeded = (result: InvocationResult, answer: string, withinMs = TIMEOUT_MS): void => {
  expect(result.status, result.error?.errorMessage).to.equal('succeeded');
  expect(result.response ?? result.body).to.equal(answer);
  expect(result.durationMs).to.be.below(withinMs);
};

/** When a line was printed, in ms after the start. */
const timeOf = (result: InvocationResult, line: RegExp): number =>
  result.lines.find(({ text }) => line.test(text))?.atMs ?? Number.NaN;

/** How many ms past its deadline the handler has ended, as the warning says. */
const lateByMs = (result: InvocationResult): number => {
  const warning = result.lines.find(({ text }) => text.includes('past its deadline'))?.text;
  return Number(warning?.match(/\.handler ended (\d+) ms past its deadline, in its grace/)?.[1]);
};

const TIMED_OUT = 'ERROR handler timed out';
const ENDED_LATE = 'WARN handler ended past its deadline, in its grace';
const FAILED = 'ERROR Invoke Error';
const reported = (cause = 'undefined'): string => `INFO report: preempted false, cause ${cause}`;
const CUT_OFF = [TIMED_OUT, reported(), 'INFO closed: rejected', FAILED] as const;
const INTERRUPTED = [
  TIMED_OUT,
  'INFO report: preempted true, cause undefined',
  'INFO closed: rejected',
  FAILED,
] as const;

/** What is printed when a handler ends in each of these ways. */
export const DEMANDS = {
  'listens to its signal': ['INFO left', TIMED_OUT, reported(), 'INFO closed: rejected', FAILED],
  'fails on its way out': [
    'INFO left',
    TIMED_OUT,
    reported('failed on its way out'),
    'INFO closed: rejected',
    FAILED,
  ],
  'answers in time': ['INFO left', ENDED_LATE, 'INFO closed: fulfilled'],
  'comes late': ['INFO left', ENDED_LATE, 'INFO closed: fulfilled'],
  'hangs on': CUT_OFF,
  'has not asked': CUT_OFF,
  'blocks in its grace': INTERRUPTED,
  'blocks at its deadline': INTERRUPTED,
} as const satisfies Record<Way, readonly string[]>;

/** The grace of a handler, on the runtime client that `functionOf` chooses. */
export function describeGrace(functionOf: FunctionOf): void {
  for (const preempt of [false, true]) {
    const graceful = (name: string) =>
      useFunction(() =>
        functionOf(`grace-handlers.${name}`, { timeoutMs: TIMEOUT_MS, env: { PREEMPT: String(preempt) } }),
      );

    for (const form of ['promise', 'thenable', 'callback', 'stream']) {
      describe(`a ${form} handler, ${preempt ? 'with' : 'without'} preempt`, () => {
        const started = graceful(form);
        const isStream = form === 'stream';

        describe('that has called `currentDeadline()` has grace (R12)', () => {
          it('it times out after its `finally` if it ends because of its signal', async () => {
            const result = await invokeTwice(started.lambda, 'listens to its signal');
            expectTimedOut(result);
            expect(headlines(result)).to.deep.equal(DEMANDS['listens to its signal']);
            if (isStream) expect(result.body).to.equal('one closing ');
          });

          it('an error in its clean-up is the cause of the timeout (R13)', async () => {
            const result = await invokeTwice(started.lambda, 'fails on its way out');
            expectTimedOut(result);
            expect(headlines(result)).to.deep.equal(DEMANDS['fails on its way out']);
            const [logged] = result.lines.filter(({ text }) => text.includes('\tERROR\t'));
            expect(logged?.text).to.match(/\[cause\]: RangeError: failed on its way out\r/);
            if (isStream) expect(result.body).to.equal('one closing ');
          });

          it('it can answer after its `finally`, and a warning is logged', async () => {
            const result = await invokeTwice(started.lambda, 'answers in time');
            expectSucceeded(result, isStream ? 'one what is done' : 'what is done');
            expect(headlines(result)).to.deep.equal(DEMANDS['answers in time']);
            expect(lateByMs(result)).to.be.within(25, cutOffMs(2) - DEADLINE_MS);
          });

          it('it can finish its work, and a warning is logged', async () => {
            const result = await invokeTwice(started.lambda, 'comes late');
            expectSucceeded(result, isStream ? 'one all is done' : 'all is done');
            expect(headlines(result)).to.deep.equal(DEMANDS['comes late']);
            expect(lateByMs(result)).to.be.within(75, cutOffMs(2) - DEADLINE_MS);
          });

          it('its grace ends at its cut-off', async () => {
            const result = await invokeTwice(started.lambda, 'hangs on');
            expectTimedOut(result);
            expect(headlines(result)).to.deep.equal(DEMANDS['hangs on']);
            expect(timeOf(result, /report/)).to.be.within(cutOffMs(2) - 5, cutOffMs(2) + LATE_MS);
            if (isStream) expect(result.body).to.equal('one ');
          });
        });

        it('that has not called `currentDeadline()` is cut off at its deadline (R12)', async () => {
          const result = await invokeTwice(started.lambda, 'has not asked');
          expectTimedOut(result);
          expect(headlines(result)).to.deep.equal(DEMANDS['has not asked']);
          expect(timeOf(result, /report/)).to.be.within(DEADLINE_MS - 5, DEADLINE_MS + LATE_MS);
          if (isStream) expect(result.body).to.equal('one ');
        });

        if (!preempt) return;
        for (const way of ['blocks in its grace', 'blocks at its deadline'] as const) {
          it(`that ${way} is interrupted at its cut-off (R27)`, async () => {
            const result = await invokeTwice(started.lambda, way);
            expectTimedOut(result);
            expect(result.error?.errorMessage).to.match(
              /; it blocked .* and was interrupted at .*\.js:\d+:\d+\)$/,
            );
            expect(headlines(result)).to.deep.equal(DEMANDS[way]);
            // How soon depends on another thread, which may have to wait for a core. The hooks still have their time.
            expect(timeOf(result, /report/)).to.be.within(cutOffMs(2) - 5, HOOK_DEADLINE_MS);
            if (isStream) expect(result.body).to.equal('one ');
          });
        }
      });
    }

    for (const { name, title, hooks, onTimeout, onSuccess } of [
      { name: 'withoutHooks', title: 'no hook', hooks: 0, onTimeout: [], onSuccess: [] },
      { name: 'withOneHook', title: 'one hook', hooks: 1, onTimeout: [reported()], onSuccess: [] },
      {
        name: 'withSeveralHooks',
        title: 'several hooks',
        hooks: 4,
        onTimeout: [
          'INFO reported first',
          reported(),
          'INFO closed first: rejected',
          'INFO closed: rejected',
        ],
        onSuccess: ['INFO closed first: fulfilled', 'INFO closed: fulfilled'],
      },
    ] as const) {
      describe(`a handler whose class has ${title}, ${preempt ? 'with' : 'without'} preempt (R12)`, () => {
        const started = graceful(name);

        it('has grace to end with an error', async () => {
          const result = await invokeTwice(started.lambda, 'listens to its signal');
          expectTimedOut(result);
          expect(headlines(result)).to.deep.equal(['INFO left', TIMED_OUT, ...onTimeout, FAILED]);
        });

        it('has grace to answer', async () => {
          const result = await invokeTwice(started.lambda, 'answers in time');
          expectSucceeded(result, 'what is done');
          expect(headlines(result)).to.deep.equal(['INFO left', ENDED_LATE, ...onSuccess]);
        });

        it('is cut off after an equal share of the time until the hook deadline', async () => {
          const result = await invokeTwice(started.lambda, 'hangs on');
          expectTimedOut(result);
          expect(headlines(result)).to.deep.equal([TIMED_OUT, ...onTimeout, FAILED]);
          const atMs = cutOffMs(hooks);
          // Without hooks, the hard deadline comes before the lateness that is allowed ends.
          expect(timeOf(result, /timed out/)).to.be.within(atMs - 5, Math.min(atMs + LATE_MS, TIMEOUT_MS));
        });
      });
    }

    describe(`a handler that calls super.handler(), ${preempt ? 'with' : 'without'} preempt (R12, R18)`, () => {
      const started = graceful('callingSuper');

      for (const way of ['listens to its signal', 'fails on its way out'] as const) {
        it(`that ${way} in the superclass runs both clean-ups before the hooks, which run once`, async () => {
          const result = await invokeTwice(started.lambda, way);
          expectTimedOut(result);
          const [left, ...rest] = DEMANDS[way];
          expect(headlines(result)).to.deep.equal([left, 'INFO left the subclass', ...rest]);
        });
      }

      it('answers in its grace', async () => {
        const result = await invokeTwice(started.lambda, 'answers in time');
        expectSucceeded(result, 'what is done');
        const [left, ...rest] = DEMANDS['answers in time'];
        expect(headlines(result)).to.deep.equal([left, 'INFO left the subclass', ...rest]);
      });

      it('times out at its cut-off, and its hooks run once', async () => {
        const result = await invokeTwice(started.lambda, 'hangs on');
        expectTimedOut(result);
        expect(headlines(result)).to.deep.equal(DEMANDS['hangs on']);
        expect(timeOf(result, /report/)).to.be.within(cutOffMs(2) - 5, cutOffMs(2) + LATE_MS);
      });
    });
  }
}
