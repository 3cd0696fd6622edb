import { expect } from 'chai';
import { programsOf } from '../support/programs.js';

const { run } = programsOf(import.meta.url);

const TIMES = 10;

describe('A hook that exits after an interruption (R26)', function () {
  this.timeout(60_000);

  it('ends the process at once, and Node waits for no debugger', async () => {
    for (let time = 0; time < TIMES; time++) {
      expect(await run('exit-program', [])).to.deep.include({ code: 3, stdout: ['exits'], stderr: '' });
    }
  });
});
