import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import type { InvocationResult } from '../../samples/local-lambda/invocation.js';
import type { LocalLambda, LocalLambdaOptions } from '../../samples/local-lambda/local-lambda.js';
import {
  closeFunctions,
  functionOf,
  needsRealClient,
  printed,
  printedBetween,
  together,
} from './local-lambda.js';
import { BLOCKS, expectTimedOut, expectUnharmed, logged } from './preempting.js';

const TIMEOUT_MS = 800;
const MARGIN_MS = 600;
/** How late an interruption may come, at most, on a busy machine. */
const LATE_MS = 250;

/** The file and the line of a way to block, such as `preempting-handlers.js:20`. */
const lineOf = (block: string, file = 'preempting-handlers.js'): string => {
  const isBuilt = file.endsWith('.js');
  const url = new URL(isBuilt ? file : `../../../../spec/runtime/${file}`, import.meta.url);
  const lines = readFileSync(url, 'utf8').split('\n');
  return `${file}:${lines.findIndex((line) => line.endsWith(` // ${block}`)) + 1}`;
};

const preempting = (name: string, options?: Partial<LocalLambdaOptions>): LocalLambda =>
  functionOf(`preempting-handlers.${name}`, { timeoutMs: TIMEOUT_MS, ...options });

describe('preemption on the runtime client', function () {
  this.timeout(20_000);
  needsRealClient();
  afterEach(closeFunctions);

  describe('a handler that blocks the event loop (R26)', () => {
    for (const work of BLOCKS) {
      for (const afterMs of [undefined, 50]) {
        const where = afterMs === undefined ? 'at its start' : 'after an await';
        it(`${where} (${work}) is interrupted in time, its hooks run, and its process goes on`, async () => {
          const lambda = preempting('handler');
          const result = await lambda.invoke({ work, afterMs });
          expectTimedOut(result);
          expect(result.durationMs).to.be.within(190, TIMEOUT_MS - MARGIN_MS + LATE_MS);
          const [timeout, ...rest] = printed(result);
          expect(timeout).to.match(
            /^ERROR\tSteps\.handler timed out 600 ms before the Lambda deadline, after \d+ ms/,
          );
          expect(rest.filter((line) => line.startsWith('INFO'))).to.deep.equal([
            'INFO\treport: preempted true, its request',
            'INFO\treported',
            'INFO\treported again',
            'INFO\tclosed: rejected',
          ]);
          expect(logged(result)).to.include({
            preempted: true,
            requestId: result.requestId,
            handler: 'Steps.handler',
          });
          await expectUnharmed(lambda, result);
        });
      }

      it(`(${work}) is reported with the user's own line (R23)`, async () => {
        const blockedAt = String(logged(await preempting('handler').invoke({ work })).blockedAt);
        const [innermost, caller] = blockedAt.split('\n');
        expect(innermost)
          .to.include(work)
          .and.include(`${lineOf(work)}:`);
        expect(caller).to.include('work').and.include('preempting-handlers.js:');
        expect(blockedAt.split('\n').at(-1), 'ends with the handler').to.include('at Steps.handler (');
      });

      it(`(${work}) is reported with the line of its source if source maps are enabled`, async () => {
        const lambda = preempting('handler', { execArgv: ['--enable-source-maps'] });
        const result = await lambda.invoke({ work, afterMs: 20 });
        expectTimedOut(result);
        const [innermost] = String(logged(result).blockedAt).split('\n');
        expect(innermost)
          .to.include(work)
          .and.include(`${lineOf(work, 'preempting-handlers.ts')}:`);
        await expectUnharmed(lambda, result);
      });
    }

    it('is logged with its own request id, also by the runtime client', async () => {
      const result = await preempting('handler').invoke({ work: 'spin' });
      const errors = result.lines.filter(({ text }) => text.includes('\tERROR\t'));
      expect(errors).to.have.length(2);
      for (const { text } of errors) expect(text.split('\t')[1]).to.equal(result.requestId);
      expect(logged(result)).to.include({
        errorType: 'LambdaTimeoutError',
        errorMessage: result.error?.errorMessage,
      });
      expect(result.error?.errorMessage).to.match(
        /^Steps\.handler timed out 600 ms before the Lambda deadline/,
      );
    });

    it('answers with what a responding hook returns (R13)', async () => {
      const lambda = preempting('responder');
      const result = await lambda.invoke({ work: 'match', afterMs: 20 });
      expect(result.status).to.equal('succeeded');
      const { statusCode, body } = result.response as { statusCode: number; body: string };
      const { blockedAt, ...rest } = JSON.parse(body);
      expect(statusCode).to.equal(504);
      expect(rest).to.deep.equal({ preempted: true, requestId: result.requestId });
      expect(blockedAt).to.include(lineOf('match'));
      expect(await lambda.invoke({})).to.include({ response: 'done', processId: result.processId });
    });

    it('just after its own timeout keeps neither the log line nor its hooks nor the answer waiting (R12, R14)', async () => {
      const lambda = preempting('fallback');
      const result = await lambda.invoke({ work: 'spin' });
      expectTimedOut(result);
      expect(result.durationMs).to.be.below(TIMEOUT_MS);
      const log = printed(result);
      expect(log[0]).to.match(/^ERROR\tFallingBack\.handler timed out 600 ms before the Lambda deadline/);
      expect(log.filter((line) => line.startsWith('INFO'))).to.deep.equal([
        'INFO\treport: preempted false, its request',
        'INFO\treported',
        'INFO\treported again',
        'INFO\tclosed: rejected',
      ]);
      expect(await lambda.invoke({})).to.include({ response: 'done', processId: result.processId });
    });

    it('is preempted ten times in a row, in one process', async () => {
      const lambda = preempting('handler');
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          lambda.invoke({ work: BLOCKS[index % 3], ...(index % 2 === 0 ? {} : { afterMs: 10 }) }),
        ),
      );
      for (const result of results) {
        expectTimedOut(result);
        expect(logged(result)).to.include({ preempted: true, requestId: result.requestId });
      }
      expect(new Set(results.map(({ processId }) => processId))).to.have.property('size', 1);
    });
  });

  describe('a hook that blocks past its share (R27)', () => {
    for (const report of BLOCKS) {
      for (const reportAfterMs of [undefined, 20]) {
        const where = reportAfterMs === undefined ? 'at its start' : 'after an await';
        it(`${where} (${report}) is interrupted, the next hooks run and the response leaves in time`, async () => {
          const lambda = preempting('handler');
          const result = await lambda.invoke({ work: 'hang', report, reportAfterMs });
          expectTimedOut(result);
          expect(result.durationMs).to.be.below(TIMEOUT_MS);
          const log = printed(result).join('\n');
          expect(log).to.match(/ERROR\tSteps\.report was abandoned after its share of the margin, \d+ ms/);
          expect(log)
            .to.match(/reported again\n[\s\S]*closed: rejected/)
            .and.not.include('reported\n');
          await expectUnharmed(lambda, result);
        });
      }
    }

    it('is interrupted even after its handler was interrupted, and so is a later hook', async () => {
      const lambda = preempting('handler');
      const result = await lambda.invoke({ work: 'spin', report: 'match', close: 'sleep' });
      expectTimedOut(result);
      expect(result.error?.errorMessage).to.match(/^Steps\.handler timed out/);
      expect(result.durationMs).to.be.below(TIMEOUT_MS);
      expect(printed(result).join('\n'))
        .to.match(/Steps\.report was abandoned[\s\S]*reported again[\s\S]*Steps\.close was abandoned/)
        .and.not.include('closed');
      await expectUnharmed(lambda, result);
    });

    it('makes the invocation fail even if its handler was in time (R15)', async () => {
      const lambda = preempting('handler');
      const result = await lambda.invoke({ close: 'spin' });
      expectTimedOut(result);
      expect(result.error?.errorMessage).to.match(/^Steps\.close was abandoned/);
      expect(logged(result)).to.include({ preempted: true, requestId: result.requestId });
      await expectUnharmed(lambda, result);
    });

    it('does not hide the error of its handler (R15)', async () => {
      const result = await preempting('handler').invoke({ work: 'fail', close: 'spin' });
      expect(result.error).to.include({ errorType: 'RangeError', errorMessage: 'handler failed' });
    });
  });

  describe('abandoned code that blocks later (R27)', () => {
    describe('when the process is thawed for the next invocation', () => {
      together(
        BLOCKS.map((work) => [
          `is interrupted (${work}), and that invocation is answered`,
          async () => {
            // An invocation that is blocked for a second still has the time to answer.
            const lambda = preempting('handler', { timeoutMs: 2000 });
            const first = await lambda.invoke({ work, afterMs: 1450 });
            expectTimedOut(first);
            expect(logged(first).preempted).to.equal(false);
            await wait(250);
            expect(printedBetween(lambda.log)).to.deep.equal([]);
            const second = await lambda.invoke({});
            expect(second).to.include({ response: 'done', processId: first.processId });
            expect(printed(second).join('\n')).to.match(
              new RegExp(`WARN\\tSteps\\.handler [^\\n]*was interrupted, in request ${first.requestId}`),
            );
            await expectUnharmed(lambda, first);
          },
        ]),
      );
    });

    for (const work of BLOCKS) {
      it(`during the next invocation (${work}) is interrupted, and that invocation is answered`, async () => {
        const lambda = preempting('handler', { timeoutMs: 1000 });
        const first = await lambda.invoke({ work, afterMs: 550 });
        const second = await lambda.invoke({ afterMs: 300 });
        expectTimedOut(first);
        expect(second).to.include({ response: 'done', processId: first.processId });
        await expectUnharmed(lambda, first);
      });
    }

    it('is interrupted each time if the next invocations time out too', async () => {
      const lambda = preempting('handler', { timeoutMs: 3000, env: { MARGIN_MS: '1600' } });
      const results = [];
      for (const afterMs of [1500, 1450, 1480, 1420])
        results.push(await lambda.invoke({ work: 'spin', afterMs }));
      for (const result of results) expectTimedOut(result);
      const [first] = results;
      expect(new Set(results.map(({ processId }) => processId))).to.have.property('size', 1);
      await expectUnharmed(lambda, first as InvocationResult);
    });
  });

  describe('a streaming handler that blocks (R22)', () => {
    it('ends the stream with the error', async () => {
      const lambda = preempting('stream');
      const result = await lambda.invoke({ work: 'spin', afterMs: 50 });
      expectTimedOut(result);
      expect(result).to.include({ body: 'one ', streaming: true });
      expect(printed(result)).to.include('INFO\tclosed: rejected');
      expect(await lambda.invoke({})).to.include({ body: 'one end', processId: result.processId });
    });

    it('ends the stream with what a responding hook wrote', async () => {
      const lambda = preempting('streamResponder');
      for (const afterMs of [undefined, 50]) {
        const result = await lambda.invoke({ work: 'match', afterMs });
        expect(result).to.include({ status: 'succeeded', body: 'one timed out' });
        expect(printed(result)).to.include('INFO\tclosed: fulfilled');
      }
      expect(await lambda.invoke({})).to.include({ body: 'one end' });
    });
  });

  describe('on Managed Instances (R17, R27)', () => {
    /** These events are handed out together, so that the ones in time have begun when the others block. */
    const cast = [
      { work: 'spin', afterMs: 100 },
      { afterMs: 150 },
      { work: 'hang' },
      { work: 'match', afterMs: 110 },
      { afterMs: 200 },
      { afterMs: 20 },
      { work: 'sleep', afterMs: 120 },
      { afterMs: 250 },
    ] as const;

    for (const workerCount of [1, 2]) {
      const threads = workerCount === 1 ? 'one worker thread' : `${workerCount} worker threads`;
      it(`blocked, hanging and ordinary invocations in ${threads} each have their own outcome`, async () => {
        const maxConcurrency = cast.length * workerCount;
        const lambda = preempting('overlap', { maxConcurrency, workerCount, timeoutMs: 1500 });
        for (const round of [0, 1]) {
          const events = Array.from({ length: maxConcurrency }, (_, index) => ({
            ...cast[index % cast.length],
            id: round * 100 + index,
          }));
          const results = await Promise.all(events.map((event) => lambda.invoke(event)));
          const outcomes = results.map(({ response }) => {
            const { threadId, ...outcome } = (response ?? {}) as { threadId?: number };
            return outcome;
          });
          expect(outcomes).to.deep.equal(
            events.map(({ id, ...step }) => {
              if (!('work' in step)) return { id };
              return { id, timedOut: true, preempted: step.work !== 'hang', isItsRequest: true };
            }),
          );
          for (const { durationMs } of results) expect(durationMs).to.be.below(1500);
          expect(new Set(results.map(({ processId }) => processId))).to.have.property('size', 1);
        }
        // One START and one END for each event: none was answered by another process, or twice.
        for (const line of ['START ', 'END ']) {
          expect(lambda.log.filter(({ text }) => text.startsWith(line))).to.have.length(2 * maxConcurrency);
        }
      });
    }

    it('a hook that blocks does not change the outcome of other invocations in its thread', async () => {
      const lambda = preempting('handler', { maxConcurrency: 4, workerCount: 1, timeoutMs: 1500 });
      const [stuck, ...innocent] = await Promise.all([
        lambda.invoke({ work: 'hang', report: 'spin' }),
        lambda.invoke({ afterMs: 100 }),
        lambda.invoke({ afterMs: 950 }),
        lambda.invoke({ work: 'fail', afterMs: 50 }),
      ]);
      expectTimedOut(stuck);
      expect(stuck.durationMs).to.be.below(1500);
      expect(innocent.map(({ response, error }) => response ?? error?.errorType)).to.deep.equal([
        'done',
        'LambdaTimeoutError',
        'RangeError',
      ]);
    });

    it('abandoned code that blocks is interrupted beside an invocation that began later', async () => {
      const lambda = preempting('handler', { maxConcurrency: 4, workerCount: 1, timeoutMs: 1500 });
      const stuck = await lambda.invoke({ work: 'spin', afterMs: 1000 });
      const later = await lambda.invoke({ afterMs: 300 });
      expectTimedOut(stuck);
      expect(later).to.include({ response: 'done', processId: stuck.processId });
    });
  });
});
