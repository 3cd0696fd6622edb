import { expect } from 'chai';
import type { InvocationResult, LogLine } from '../../samples/local-lambda/invocation.js';
import type { LocalLambda } from '../../samples/local-lambda/local-lambda.js';
import type { Attempt, Source, Step } from './left-behind-handlers.js';
import { closeFunctions, type FunctionOf, headlines, printedBetween, useFunction } from './local-lambda.js';

/** With the margin of the handlers, the deadline comes 100 ms after the start. */
const TIMEOUT_MS = 800;

const INTERRUPTED = '; it blocked the event loop and was interrupted at block';

/** The places in which an uncaught error happens. */
export const SOURCES: readonly (readonly [Source, string])[] = [
  ['timer', 'a timer'],
  ['immediate', 'an immediate'],
  ['tick', 'a tick'],
  // Up to Node 22, Node reports an error from a callback of `queueMicrotask` in no async context.
  ...(Number.parseInt(process.versions.node, 10) < 24 ? [] : ([['microtask', 'a microtask']] as const)),
  ['socket', 'a socket'],
  ['emitter', 'an event emitter'],
  ['rejection', 'a promise'],
  ['execa', 'a promise, beside a child process of execa 9, which replaces `process.emit` and puts it back'],
  ['execa5', 'a promise, beside a child process of execa 5'],
];

const TIMED_OUT = 'ERROR handler timed out';
const ENDED_LATE = 'WARN handler ended past its deadline, in its grace';
const FAILED = 'ERROR Invoke Error';
const HOOKS_RAN = [TIMED_OUT, 'INFO reported', 'INFO closed: rejected', FAILED];

const leftUncaught = ({ requestId }: InvocationResult): string =>
  `WARN handler left an error uncaught, after its deadline, in request ${requestId}`;

interface TwoInvocations {
  readonly result: InvocationResult;
  readonly next: InvocationResult;
  /** Every line from the first of them on. */
  readonly log: readonly LogLine[];
}

/** Invokes, and invokes again to see what is printed then. The process must serve a third invocation too. */
async function invokeBoth(lambda: LocalLambda, step: Step): Promise<TwoInvocations> {
  const from = lambda.log.length;
  const result = await lambda.invoke(step);
  const next = await lambda.invoke({ work: 'is the next one' } satisfies Step);
  const third = await lambda.invoke({ work: 'is the next one' } satisfies Step);
  for (const served of [next, third]) {
    expect(served).to.include({ status: 'succeeded', response: 'done', processId: result.processId });
  }
  const log = lambda.log.slice(from);
  expect(printedBetween(log)).to.deep.equal([]);
  expect(headlines(third)).to.deep.equal(['INFO closed: fulfilled']);
  return { result, next, log };
}

function expectTimedOut({ status, error, durationMs }: InvocationResult): void {
  expect(status, error?.errorMessage).to.equal('failed');
  expect(error?.errorType).to.equal('LambdaTimeoutError');
  expect(durationMs).to.be.below(TIMEOUT_MS);
}

/** The details of the warnings about errors that were left uncaught. */
const uncaught = (log: readonly LogLine[]): string[] =>
  log.flatMap(
    ({ text }) => text.match(/left an error uncaught.* (RangeError: left behind by .*?)\r/)?.[1] ?? [],
  );

/** Uncaught errors and interrupted code, on the runtime client that `functionOf` chooses. */
export function describeLeftBehind(functionOf: FunctionOf): void {
  const start = (preempt: boolean, name = 'handler'): LocalLambda =>
    functionOf(`left-behind-handlers.${name}`, {
      timeoutMs: TIMEOUT_MS,
      env: { PREEMPT: String(preempt) },
    });

  describe('a handler can still answer after an uncaught error in its grace (R16)', () => {
    const started = useFunction(() => start(false));

    const inGrace: readonly (readonly [Step, by: string, where: string])[] = [
      ...SOURCES.map(([source, name]) => [{ work: 'fails in its grace', source }, source, name] as const),
      [{ work: 'has an abort listener that throws' }, 'listener', 'an abort listener'],
      [{ work: 'has an abort listener that rejects' }, 'listener', 'an asynchronous abort listener'],
    ];
    for (const [step, by, where] of inGrace) {
      it(`in ${where}`, async () => {
        const { result, next, log } = await invokeBoth(started.lambda, step);
        expect(result).to.include({ status: 'succeeded', response: 'answered in its grace' });
        expect(headlines(result)).to.deep.equal([leftUncaught(result), ENDED_LATE, 'INFO closed: fulfilled']);
        expect(headlines(next)).to.deep.equal(['INFO closed: fulfilled']);
        expect(uncaught(log)).to.deep.equal([`RangeError: left behind by ${by}`]);
      });
    }
  });

  for (const preempt of [false, true]) {
    describe(`an error of abandoned code, ${preempt ? 'with' : 'without'} preempt (R16)`, () => {
      const started = useFunction(() => start(preempt));

      for (const [source, where] of SOURCES) {
        it(`in ${where} during the hooks does not stop the hooks or the response`, async () => {
          const step: Step = { work: 'fails during its hooks', source };
          const { result, next, log } = await invokeBoth(started.lambda, step);
          expectTimedOut(result);
          const [timedOut, ...rest] = HOOKS_RAN;
          expect(headlines(result)).to.deep.equal([timedOut, leftUncaught(result), ...rest]);
          expect(headlines(next)).to.deep.equal(['INFO closed: fulfilled']);
          expect(uncaught(log)).to.deep.equal([`RangeError: left behind by ${source}`]);
        });

        it(`in ${where} during the next invocation does not affect that invocation`, async () => {
          const step: Step = { work: 'fails in the next invocation', source };
          const { result, next, log } = await invokeBoth(started.lambda, step);
          expectTimedOut(result);
          expect(headlines(result)).to.deep.equal(HOOKS_RAN);
          expect(headlines(next)).to.deep.equal([leftUncaught(result), 'INFO closed: fulfilled']);
          expect(uncaught(log)).to.deep.equal([`RangeError: left behind by ${source}`]);
        });
      }

      it('in a second call that the same signal has aborted is not logged', async () => {
        const { result, next } = await invokeBoth(started.lambda, { work: 'makes two calls on one signal' });
        expectTimedOut(result);
        expect(headlines(result)).to.deep.equal(HOOKS_RAN);
        expect(headlines(next)).to.deep.equal(['INFO closed: fulfilled']);
      });

      if (!preempt) return;
      it('is logged once for each promise that rejected before the interruption', async () => {
        const step: Step = { work: 'blocks when promises have rejected' };
        const { result, next, log } = await invokeBoth(started.lambda, step);
        expectTimedOut(result);
        const warning = leftUncaught(result);
        expect(headlines(result).filter((line) => line !== warning)).to.deep.equal(HOOKS_RAN);
        expect(headlines(next)).to.deep.equal(['INFO closed: fulfilled']);
        expect(uncaught(log)).to.deep.equal(
          ['record 1', 'record 2', 'record 3'].map((record) => `RangeError: left behind by ${record}`),
        );
      });
    });
  }

  describe('an error of an invocation in time (R16)', () => {
    afterEach(closeFunctions);

    for (const source of ['timer', 'microtask', 'rejection'] as const) {
      it(`has the same effect after a timeout as in a fresh process (${source})`, async () => {
        const failing: Step = { work: 'fails in time', source };
        const lambda = start(false);
        const [fresh, timedOut] = await Promise.all([
          start(false).invoke(failing),
          lambda.invoke({ work: 'makes two calls on one signal' } satisfies Step),
        ]);
        const result = await lambda.invoke(failing);
        expectTimedOut(timedOut);
        expect(result.processId).to.equal(timedOut.processId);
        expect(fresh.status).to.not.equal('succeeded');
        expect(effectOf(result)).to.deep.equal(effectOf(fresh));
      });
    }
  });

  describe('code that is interrupted in one callback and goes on in another has timed out (R27)', () => {
    const started = useFunction(() => start(true, 'interrupted'));

    /** Invokes twice, and expects a warning about the late answer. */
    async function invokeAttempt(attempt: Attempt, name: string): Promise<InvocationResult> {
      const { lambda } = started;
      const from = lambda.log.length;
      const result = await lambda.invoke(attempt);
      const next = await lambda.invoke({});
      expect(next).to.include({ status: 'succeeded', response: 'done', processId: result.processId });
      const lines = headlines({ lines: lambda.log.slice(from) });
      const late = lines.filter((line) => line.startsWith('WARN'));
      expect(late).to.deep.equal([
        `WARN ${name} answered late, after it had timed out, in request ${result.requestId}`,
      ]);
      return result;
    }

    const withoutWarnings = (result: InvocationResult): string[] =>
      headlines(result).filter((line) => !line.startsWith('WARN'));

    for (const by of ['timer', 'immediate', 'tick'] as const) {
      for (const who of ['handler', 'asking handler'] as const) {
        it(`if it is a handler${who === 'handler' ? '' : ' with grace'}, and goes on in a ${by}`, async () => {
          const result = await invokeAttempt({ who, by }, 'handler');
          expectTimedOut(result);
          expect(result.error?.errorMessage).to.match(/^Attempting\.handler timed out \d+ ms before/);
          expect(withoutWarnings(result)).to.deep.equal(HOOKS_RAN);
        });
      }

      it(`if it is an @OnTimeout hook, and goes on in a ${by}`, async () => {
        const result = await invokeAttempt({ who: 'report', by }, 'report');
        expectTimedOut(result);
        expect(withoutWarnings(result)).to.deep.equal([
          TIMED_OUT,
          `ERROR report was abandoned after its share of the margin,${INTERRUPTED}`,
          'INFO closed: rejected',
          FAILED,
        ]);
      });

      it(`if it is a @Finally hook, and goes on in a ${by}`, async () => {
        const result = await invokeAttempt({ who: 'close', by }, 'close');
        expectTimedOut(result);
        expect(result.error?.errorMessage).to.match(/^Attempting\.close was abandoned after its share/);
        expect(withoutWarnings(result)).to.deep.equal([
          `ERROR close was abandoned after its share of the margin,${INTERRUPTED}`,
          FAILED,
        ]);
      });
    }

    it('if it is a hook that responds', async () => {
      const lambda = start(true, 'interruptedResponder');
      const result = await lambda.invoke({ who: 'report', by: 'timer' } satisfies Attempt);
      expectTimedOut(result);
      expect(result.error?.errorMessage).to.match(/^Responding\.handler timed out \d+ ms before/);
      expect(await lambda.invoke({})).to.include({ response: 'done', processId: result.processId });
    });
  });
}

/** The effect of an uncaught error, without the request id. */
function effectOf({ status, error, requestId, ...result }: InvocationResult) {
  const anonymous = (text = ''): string => text.replaceAll(requestId, 'its id');
  return {
    status,
    errorType: error?.errorType,
    errorMessage: anonymous(error?.errorMessage),
    lines: headlines(result).map(anonymous),
  };
}
