import { expect } from 'chai';
import { describeLeftBehind, SOURCES } from './left-behind-cases.js';
import type { Step } from './left-behind-handlers.js';
import { closeFunctions, functionOf, needsRealClient } from './local-lambda.js';

/** Half a second for each invocation, and seconds for its hooks, because many of them share a core. */
const [TIMEOUT_MS, MARGIN_MS] = [4000, 3500];

/** The events that are handed out together, and what the caller receives for each. */
const CAST: readonly (readonly [Step, string])[] = [
  ...SOURCES.flatMap(([source]) => [
    [{ work: 'fails in its grace', source }, 'answered in its grace'] as const,
    [{ work: 'fails during its hooks', source }, 'LambdaTimeoutError'] as const,
    [{ work: 'is the next one' }, 'done'] as const,
  ]),
  [{ work: 'makes two calls on one signal' }, 'LambdaTimeoutError'],
];

describe('uncaught errors and interrupted code on the runtime client', function () {
  this.timeout(15_000);
  needsRealClient();

  describeLeftBehind(functionOf);

  describe('an uncaught error beside other invocations on Managed Instances (R16, R17)', () => {
    afterEach(closeFunctions);

    for (const preempt of [false, true]) {
      it(`is logged with the request id of its own invocation, ${preempt ? 'with' : 'without'} preempt`, async () => {
        const lambda = functionOf('left-behind-handlers.handler', {
          timeoutMs: TIMEOUT_MS,
          maxConcurrency: CAST.length,
          env: { PREEMPT: String(preempt), MARGIN_MS: String(MARGIN_MS) },
        });

        const results = await Promise.all(CAST.map(([step]) => lambda.invoke(step)));
        const next = await lambda.invoke({ work: 'is the next one' } satisfies Step);

        expect(results.map(({ response, error }) => response ?? error?.errorType)).to.deep.equal(
          CAST.map(([, received]) => received),
        );
        expect(next.response).to.equal('done');
        expect(new Set([...results, next].map(({ processId }) => processId))).to.have.property('size', 1);
        const warnings = lambda.log.filter(({ text }) => text.includes('left an error uncaught'));
        for (const [index, { requestId }] of results.entries()) {
          const { work, source } = CAST[index]?.[0] ?? {};
          const own = warnings.filter(({ text }) => text.includes(`in request ${requestId}`));
          expect(own, `${work} ${source}, of ${warnings.map(({ text }) => text).join('')}`).to.have.length(
            source ? 1 : 0,
          );
        }
      });
    }
  });
});
