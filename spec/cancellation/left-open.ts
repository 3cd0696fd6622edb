import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';

/** The number of turns of the event loop in which a handle must close. */
const TURNS = 100;

/** Fails each spec of a suite that leaves a socket, a server or a timer open. */
export function leavingNothingOpen(): void {
  let before: string[];
  const listOpen = async (): Promise<string[]> => {
    await turn(); // mocha starts a timer of its own for a hook that is asynchronous
    return process.getActiveResourcesInfo().sort();
  };
  beforeEach(async () => {
    before = await listOpen();
  });
  afterEach(async () => {
    let after = await listOpen();
    for (let turns = 0; turns < TURNS && after.join() !== before.join(); turns++) after = await listOpen();
    expect(after, 'left open').to.deep.equal(before);
  });
}
