import { expect } from 'chai';
import { programsOf } from '../support/programs.js';
import type { Report } from './speed.js';

const { reportOf } = programsOf(import.meta.url);

/** With a hook that stays enabled it is 1.8 on Node 20 and 22. */
const MAX_SLOWER = 1.5;

describe('the process after a timeout (R0)', function () {
  this.timeout(30_000);

  it('awaits about as fast as before, and no async hook has stayed enabled', async () => {
    const nodeArgs = ['--expose-internals'];
    const { slower, hooks }: Report = await reportOf('speed-program', '', { nodeArgs, isTimed: true });
    expect(hooks).to.equal(0);
    expect(slower).to.be.below(MAX_SLOWER);
  });
});
