import { expect } from 'chai';
import { programsOf } from '../support/programs.js';

const { reportOf } = programsOf(import.meta.url);

type Report = Readonly<Record<string, unknown>>;

const seen = (scenario: string): Promise<Report> => reportOf('whose-program', scenario);

const timedOut = (name: string, preempted: boolean) => ({
  error: 'LambdaTimeoutError',
  preempted,
  isInTime: true,
  hooks: [`report of ${name}, undefined`, 'close'],
});

describe('Whose code it is (R27)', function () {
  this.timeout(30_000);

  it('what wraps the handler of another request is never interrupted, where requests may overlap', async () => {
    expect(await seen('what wraps another handler')).to.deep.equal({
      answered: 'answered',
      expired: timedOut('expired', false),
      warnings: [],
    });
  });

  it('a logger is never interrupted, and neither is the step after it', async () => {
    expect(await seen('a logger across a deadline')).to.deep.equal({
      first: timedOut('A', false),
      second: timedOut('B', false),
      warnings: [],
    });
  });

  it('a slow logger after an interruption loses no hook, and hooks see the storages of the caller', async () => {
    expect(await seen('a slow logger after an interruption')).to.deep.equal({
      blocked: timedOut('A', true),
      warnings: [],
    });
  });

  for (const record of ['without `preempt`', 'with a smaller margin', 'without a context']) {
    it(`code of a decorated method that a handler calls belongs to the handler too: a record ${record} (R18)`, async () => {
      const { outer, next, ofRecords } = await seen(`a record ${record}`);
      expect(outer).to.deep.equal(timedOut('outer', true));
      expect(next).to.deep.equal({ value: 'served', isInTime: true, hooks: ['close'] });
      expect(ofRecords).to.deep.equal(['close of a record']);
    });
  }
});
