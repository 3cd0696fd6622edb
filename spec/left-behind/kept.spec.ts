import { expect } from 'chai';
import { ENDS, OPENS, type Report, type Scenario } from './kept.js';
import { run } from './programs.js';

const reportOf = async (scenario: Scenario): Promise<Report> => {
  const { stdout, stderr } = await run('kept-program', scenario, ['--expose-gc']);
  expect(stderr).to.equal('');
  return JSON.parse(stdout);
};

describe('what an invocation leaves open does not keep its event or its response stream in memory (R16)', function () {
  this.timeout(30_000);

  for (const opens of OPENS) {
    for (const ends of ENDS) {
      for (const preempt of [false, true]) {
        it(`${opens} of an invocation that ends ${ends}, ${preempt ? 'with' : 'without'} preempt`, async () => {
          expect(await reportOf({ ends, opens, preempt })).to.deep.equal({ isOpen: true, kept: [] });
        });
      }
    }
  }
});
