import { expect } from 'chai';
import { programsOf } from '../support/programs.js';
import { PATCHES, type Scenario, type Step } from './gate.js';

const { run } = programsOf(import.meta.url);

const LATE = ['a late exception', 'a late rejection'];

/** In which order others replace `process.emit` and put it back, before and after timeouts. */
const ORDERS = ['ptut', 'tput', 'tptut', 'pptuut', 'ptpult', 'tppltut'];

const stepsOf = (order: string): Step[] => [...order] as Step[];

/** What a program prints, and whether it survives. */
async function outcomeOf(scenario: Scenario): Promise<{ late: string[]; rest: string; code: number | null }> {
  const { code, stdout, stderr } = await run('gate-program', [JSON.stringify(scenario)]);
  const late = stdout.filter((line) => line.startsWith('Error: a late')).map((line) => line.slice(7));
  const rest = stdout.filter((line) => !line.startsWith('Error: a late')).join('\n');
  return { late: late.sort(), rest: rest + stderr, code };
}

describe('late errors after others have replaced process.emit and put it back (R16)', function () {
  this.timeout(30_000);

  for (const patch of PATCHES) {
    for (const order of ORDERS) {
      if (patch === 'a stub of sinon' && order.includes('pp')) continue; // sinon refuses it
      it(`are logged and do not end the process: ${patch}, ${order}`, async () => {
        const timeouts = [...order].filter((step) => step === 't').length;
        expect(await outcomeOf({ patch, steps: stepsOf(order), strikes: false })).to.deep.equal({
          late: LATE.flatMap((line) => Array.from({ length: timeouts }, () => line)),
          rest: 'survived',
          code: 0,
        });
      });
    }

    it(`do not change that an error of other code ends the process: ${patch}`, async () => {
      const { late, rest, code } = await outcomeOf({ patch, steps: stepsOf('tput'), strikes: true });
      expect(late).to.have.length(2 * LATE.length);
      expect(rest).to.include('an innocent rejection').and.not.include('survived');
      expect(code).to.equal(1);
    });
  }
});
