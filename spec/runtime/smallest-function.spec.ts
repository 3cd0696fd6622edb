import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import type { LocalLambda } from '../../samples/local-lambda/local-lambda.js';
import { DEMANDS, expectTimedOut as expectGraceOver, expectSucceeded, invokeTwice } from './grace-cases.js';
import type { Way } from './grace-handlers.js';
import { functionOf, headlines, needsCpuGroup, needsRealClient, printed, together } from './local-lambda.js';
import { BLOCKS, expectTimedOut, expectUnharmed, logged } from './preempting.js';

/** The smallest memory of a function. It has a fourteenth of a CPU: 1.4 ms of each 20 ms. */
const MEMORY_MB = 128;
/** What the guide asks for at this size: the watchdog shares that part of a CPU with the code that it must interrupt. */
const MARGIN_MS = 3000;
const TIMEOUT_MS = MARGIN_MS + 800;

/** A new process: when its first invocation begins, the code that ends it is not compiled yet. */
const cold = (handler: string, env: Record<string, string>, timeoutMs: number): LocalLambda =>
  functionOf(handler, { memoryMb: MEMORY_MB, timeoutMs, env });

const preempting = (): LocalLambda =>
  cold('preempting-handlers.handler', { MARGIN_MS: String(MARGIN_MS) }, TIMEOUT_MS);

const PLACES = [undefined, 50] as const;
const place = (afterMs: number | undefined): string =>
  afterMs === undefined ? 'at its start' : 'after an await';

describe(`with ${MEMORY_MB} MB and its share of the CPU`, function () {
  this.timeout(30_000);
  needsRealClient();
  needsCpuGroup();

  describe('a handler that blocks the event loop (R26, R28)', () => {
    together(
      BLOCKS.flatMap((work) =>
        PLACES.map((afterMs) => [
          `${place(afterMs)} (${work}) is interrupted, its hooks run, and its process goes on`,
          async () => {
            const lambda = preempting();
            const result = await lambda.invoke({ work, afterMs });
            expectTimedOut(result);
            expect(result.durationMs).to.be.below(TIMEOUT_MS);
            expect(logged(result)).to.include({ preempted: true, requestId: result.requestId });
            expect(printed(result).filter((line) => line.startsWith('INFO'))).to.deep.equal([
              'INFO\treport: preempted true, its request',
              'INFO\treported',
              'INFO\treported again',
              'INFO\tclosed: rejected',
            ]);
            await expectUnharmed(lambda, result);
          },
        ]),
      ),
    );
  });

  describe('a hook that blocks past its share (R27)', () => {
    together(
      BLOCKS.flatMap((report) =>
        PLACES.map((reportAfterMs) => [
          `${place(reportAfterMs)} (${report}) is interrupted, and the response leaves in time`,
          async () => {
            const lambda = preempting();
            const result = await lambda.invoke({ work: 'hang', report, reportAfterMs });
            expectTimedOut(result);
            expect(result.durationMs).to.be.below(TIMEOUT_MS);
            expect(printed(result).join('\n')).to.match(
              /Steps\.report was abandoned after its share[\s\S]*reported again\n[\s\S]*closed: rejected/,
            );
            await expectUnharmed(lambda, result);
          },
        ]),
      ),
    );
  });

  describe('abandoned code that blocks the next invocation (R27)', () => {
    together(
      BLOCKS.map((work) => [
        `is interrupted (${work}), and that invocation is answered`,
        async () => {
          // The first invocation is answered before the code blocks; the next one begins when that is due.
          const afterMs = TIMEOUT_MS - MARGIN_MS / 2;
          const lambda = preempting();
          const due = setTimeout(afterMs);
          const first = await lambda.invoke({ work, afterMs });
          expectTimedOut(first);
          expect(first.durationMs).to.be.below(afterMs);
          await due;
          expect(await lambda.invoke({})).to.include({ response: 'done', processId: first.processId });
          await expectUnharmed(lambda, first);
        },
      ]),
    );
  });

  for (const preempt of [false, true]) {
    for (const form of ['promise', 'stream']) {
      describe(`a ${form} handler in its grace, ${preempt ? 'with' : 'without'} preempt (R12)`, () => {
        const ways = Object.entries(DEMANDS).filter(([way]) => preempt || !way.startsWith('blocks'));
        together(
          ways.map(([way, demanded]) => [
            `that ${way} ends as with a full CPU`,
            async () => {
              const marginMs = preempt ? MARGIN_MS : MARGIN_MS / 3;
              const timeoutMs = marginMs + 800;
              const lambda = cold(
                `grace-handlers.${form}`,
                { PREEMPT: String(preempt), MARGIN_MS: String(marginMs) },
                timeoutMs,
              );
              const result = await invokeTwice(lambda, way as Way);
              const answer = { 'answers in time': 'what is done', 'comes late': 'all is done' }[way];
              if (answer === undefined) expectGraceOver(result, timeoutMs);
              else expectSucceeded(result, form === 'stream' ? `one ${answer}` : answer, timeoutMs);
              expect(headlines(result)).to.deep.equal(demanded);
            },
          ]),
        );
      });
    }
  }
});
