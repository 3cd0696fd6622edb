import { expect } from 'chai';
import fc from 'fast-check';
import { useFakeTime } from '../support/fake-time.js';
import { seedFrom } from '../support/random.js';
import { expected } from './model.js';
import { scenario } from './scenario.js';
import { observe } from './subject.js';
import { byCall } from './trace.js';

const { MODEL_RUNS = '1000', MODEL_PATH = '' } = process.env;
const seed = seedFrom('MODEL_SEED');

describe('any scenario (R5 to R17, R21)', function () {
  this.timeout(0);
  const time = useFakeTime();

  it(`behaves as the contract says, in ${MODEL_RUNS} random runs`, () =>
    fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const lines = expected(given);
        expect(byCall(await observe(given, time.clock))).to.deep.equal(byCall(lines));
        expect(time.clock.countTimers(), 'timers left').to.equal(0);
      }),
      {
        seed,
        path: MODEL_PATH,
        numRuns: Number(MODEL_RUNS),
        asyncReporter: async (run) => {
          if (!run.failed) return;
          const replay = `MODEL_SEED=${run.seed} MODEL_PATH=${run.counterexamplePath} MODEL_RUNS=${MODEL_RUNS}`;
          const { actual, expected } = run.errorInstance as { actual?: unknown; expected?: unknown };
          const message = `${replay} repeats this.\n${await fc.asyncDefaultReportMessage(run)}`;
          throw Object.assign(new Error(message, { cause: run.errorInstance }), { actual, expected });
        },
      },
    ));
});
