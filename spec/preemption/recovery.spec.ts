import { expect } from 'chai';
import { programsOf } from '../support/programs.js';

const { reportOf, run } = programsOf(import.meta.url);

const ENDED = ['LambdaTimeoutError', 'LambdaTimeoutError'];

describe('After an interruption, before a hook runs (R0, R27a)', function () {
  this.timeout(30_000);

  const mended: [string, unknown][] = [
    ['async hooks', 1],
    ['a corked stream', 0],
    ['a file in the middle of a write', { length: 0, writing: false }],
    ['a file just before a write', { length: 0, writing: false }],
    ['a file with a wrong length', { length: 0, writing: false }],
  ];
  for (const [damage, seen] of mended) {
    it(`${damage} that it has left damaged works again`, async () => {
      expect(await reportOf('recovery-program', damage)).to.deep.equal({ errors: ENDED, seen, warnings: [] });
    });
  }

  for (const damage of ['a stream that never ends its write', 'a stream of another kind']) {
    it(`${damage} is said once, with what to do`, async () => {
      expect(await reportOf('recovery-program', damage)).to.deep.equal({
        errors: ENDED,
        warnings: [
          'An interruption has damaged this environment: stdout no longer works: ' +
            '`process.exit(1)` in the last @Finally hook asks for another one.',
        ],
      });
    });
  }

  it('a stream that waits for its reader counts as whole', async () => {
    const report = await reportOf('recovery-program', 'a stream that waits for its reader');
    expect(report).to.deep.equal({ errors: ENDED, warnings: [] });
  });

  it('the process can exit, and prints nothing about a debugger', async () => {
    for (let count = 0; count < 10; count++) {
      const { code, stderr } = await run('recovery-program', ['nothing']);
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    }
  });
});
