import { expect } from 'chai';
import { run } from './programs.js';
import type { Report } from './speed.js';

/** With a hook that stays enabled it is 1.8 on Node 20 and 22. */
const MAX_SLOWER = 1.5;

describe('the process after a timeout (R0)', function () {
  this.timeout(30_000);

  it('awaits about as fast as before, and no async hook has stayed enabled', async () => {
    // `node` refuses this option in NODE_OPTIONS.
    const { stdout, stderr } = await run('speed-program', {}, [], ['--expose-internals']);
    expect(stderr).to.equal('');
    const { slower, hooks }: Report = JSON.parse(stdout);
    expect(hooks).to.equal(0);
    expect(slower).to.be.below(MAX_SLOWER);
  });
});
