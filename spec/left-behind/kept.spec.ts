import { expect } from 'chai';
import { programsOf } from '../support/programs.js';
import { ENDS, OPENS, type Report, type Scenario } from './kept.js';

const { reportOf } = programsOf(import.meta.url);

const seen = (scenario: Scenario): Promise<Report> =>
  reportOf('kept-program', JSON.stringify(scenario), { nodeArgs: ['--expose-gc'] });

describe('what an invocation leaves open does not keep its event or its response stream in memory (R16)', function () {
  this.timeout(30_000);

  for (const opens of OPENS) {
    for (const ends of ENDS) {
      for (const preempt of [false, true]) {
        it(`${opens} of an invocation that ends ${ends}, ${preempt ? 'with' : 'without'} preempt`, async () => {
          expect(await seen({ ends, opens, preempt })).to.deep.equal({ isOpen: true, kept: [] });
        });
      }
    }
  }
});
