import { expect } from 'chai';
import { programsOf } from '../support/programs.js';

const { run } = programsOf(import.meta.url);

const TIMES = 10;

/** After this time without a sign of life the watchdog looks at a thread on which abandoned code may run. */
const LOOK_MS = 250;

describe('A hook that exits after an interruption (R26)', function () {
  this.timeout(60_000);

  it('ends the process at once, and Node waits for no debugger', async () => {
    for (let time = 0; time < TIMES; time++) {
      expect(await run('exit-program', [])).to.deep.include({ code: 3, stdout: ['exits'], stderr: '' });
    }
  });
});

describe('A process that exits while the watchdog looks at it (R0)', function () {
  this.timeout(60_000);

  it('ends at once, and Node waits for no debugger', async () => {
    for (let time = 0; time < TIMES; time++) {
      const { code, stderr } = await run('exit-program', [String(LOOK_MS - 2 + time)]);
      expect({ code, stderr }).to.deep.equal({ code: 4, stderr: '' });
    }
  });
});
