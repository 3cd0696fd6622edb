import { expect } from 'chai';
import { batches, type MendingReport } from './mending.js';
import { reportOf } from './programs.js';

/** Rejects if the process does not end by itself. */
const seen = (scenario: string): Promise<MendingReport> =>
  reportOf('mending-program', scenario, { timeoutMs: 10_000 });

const names = (where: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${where} ${index}`);

describe('A process goes on after an interruption (R26)', function () {
  this.timeout(20_000);

  for (const [name, { before, behind, clears = [] }] of Object.entries(batches)) {
    it(`in an immediate ${name}: all others run once, in order, and the process ends`, async () => {
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

  it('in a timer: all others run, and the process ends', async () => {
    expect(await seen('a timer')).to.deep.equal({
      ran: ['interrupted', 'of the same time', 'later'],
      left: [],
    });
  });

  it('in the start of a timer: a later one of that duration runs, and the process ends', async () => {
    expect(await seen('the start of a timer')).to.deep.equal({
      ran: ['interrupted', 'of the same duration'],
      left: [],
    });
  });

  it('in the clearing of an immediate: the next turn comes to its end, and the process ends', async () => {
    expect(await seen('the clearing of an immediate')).to.deep.equal({
      ran: ['interrupted', 'next'],
      left: [],
    });
  });

  it('in an interval: it does not repeat, all others run, and the process ends', async () => {
    expect(await seen('an interval')).to.deep.equal({ ran: ['interrupted', 'later'], left: [] });
  });
});
