import { expect } from 'chai';
import { programsOf } from '../support/programs.js';

const { reportOf } = programsOf(import.meta.url);

describe('A connection of a module that was loaded before this package (R30)', () => {
  it('is listed if something was sent over it, and no other one is', async () => {
    const connection = 'connection to 127.0.0.1:PORT';
    expect(await reportOf('earlier-program', '')).to.deep.equal({
      none: [],
      one: [connection],
      both: [connection, connection],
    });
  }).timeout(10_000);
});
