import { expect } from 'chai';
import type { LogLine } from '../../samples/local-lambda/invocation.js';
import { describeGrace } from './grace-cases.js';
import type { Answer, Overlap, Way } from './grace-handlers.js';
import { closeFunctions, functionOf, needsRealClient } from './local-lambda.js';

const INVOCATIONS = 24;
/** Leaves each invocation half a second to end in time, because all of them share a core or two. */
const TIMEOUT_MS = 1500;

/** What the invocations do, in turn, and what they answer. */
const WAYS: readonly [Way | undefined, Omit<Answer, 'id'>][] = [
  ['listens to its signal', { timedOut: 'its request, preempted false, cause undefined' }],
  [undefined, { answer: 'done' }],
  ['answers in time', { answer: 'what is done' }],
  ['hangs on', { timedOut: 'its request, preempted false, cause undefined' }],
  ['fails on its way out', { timedOut: 'its request, preempted false, cause failed on its way out' }],
  ['comes late', { answer: 'all is done' }],
  ['has not asked', { timedOut: 'its request, preempted false, cause undefined' }],
];

/** The messages of a log in which many invocations write at the same time. */
const messages = (lines: readonly LogLine[]): string[] =>
  lines.filter(({ source }) => source === 'handler').map(({ text }) => JSON.parse(text).message);

describe('grace on the runtime client', function () {
  this.timeout(15_000);
  needsRealClient();

  describeGrace(functionOf);

  describe(`${INVOCATIONS} overlapping invocations on Managed Instances (R12, R17)`, () => {
    afterEach(closeFunctions);

    for (const [preempt, workerCount] of [
      [false, 1],
      [true, 1],
      [true, 2],
    ] as const) {
      const threads = workerCount === 1 ? 'one worker thread' : `${workerCount} worker threads`;
      it(`each have their own outcome in ${threads}, ${preempt ? 'with' : 'without'} preempt`, async () => {
        const lambda = functionOf('grace-handlers.overlap', {
          timeoutMs: TIMEOUT_MS,
          maxConcurrency: INVOCATIONS,
          workerCount,
          env: { PREEMPT: String(preempt) },
        });
        const expected = Array.from({ length: INVOCATIONS }, (_, id) => {
          const [way, answer] = WAYS[id % WAYS.length] ?? [];
          const event: Overlap = way ? { id, way } : { id };
          return { event, answer: { id, ...answer } };
        });

        const results = await Promise.all(expected.map(({ event }) => lambda.invoke(event)));

        for (const [index, { response, error, durationMs, lines }] of results.entries()) {
          const { event, answer } = expected[index] ?? {};
          const which = `${JSON.stringify(event)} ${error?.errorMessage}`;
          expect(response, which).to.deep.equal(answer);
          expect(durationMs, which).to.be.below(TIMEOUT_MS);
          // What an invocation prints is in the lines of its own request.
          const printed = messages(lines).filter((line) => line === 'left' || line === 'hook');
          const hasLeft = !['hangs on', 'has not asked', undefined].includes(event?.way);
          const hooks = answer && 'timedOut' in answer ? 2 : 1;
          expect(printed, which).to.deep.equal([
            ...(hasLeft ? ['left'] : []),
            ...new Array(hooks).fill('hook'),
          ]);
        }
        const next = await lambda.invoke({ id: INVOCATIONS });
        expect(next.response).to.deep.equal({ id: INVOCATIONS, answer: 'done' });
        expect(new Set([...results, next].map(({ processId }) => processId))).to.have.property('size', 1);
      });
    }
  });
});
