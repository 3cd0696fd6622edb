import { expect } from 'chai';
import { programsOf } from '../support/programs.js';
import { batches, type MendingReport } from './mending.js';

const { reportOf } = programsOf(import.meta.url);

/** Rejects if the process does not end by itself. */
const seen = (scenario: string): Promise<MendingReport> =>
  reportOf('mending-program', scenario, { timeoutMs: 10_000 });

const names = (where: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${where} ${index}`);

describe('A process goes on after an interruption (R26)', function () {
  this.timeout(20_000);

  for (const [name, { before, behind, clears = [] }] of Object.entries(batches)) {
    it(`in an immediate ${name}: all other immediates run once, in order, and the process ends`, async () => {
      expect(await seen(name)).to.deep.equal({
        ran: [
          ...names('before', before),
          'interrupted',
          ...names('behind', behind).filter((_, index) => !clears.includes(index)),
          'next',
          'later',
        ],
        left: [],
      });
    });
  }

  it('in a timer: all other timers run, and the process ends', async () => {
    expect(await seen('a timer')).to.deep.equal({
      ran: ['interrupted', 'of the same time', 'later'],
      left: [],
    });
  });

  it('in an interval: it does not repeat, all other timers run, and the process ends', async () => {
    expect(await seen('an interval')).to.deep.equal({ ran: ['interrupted', 'later'], left: [] });
  });
});
