/** Ends a spec that hangs. Stryker takes away the limit of mocha, and would wait as long as all specs of the mutant take. */
const LIMIT_MS = 2000;

export const mochaHooks = {
  beforeEach() {
    const { currentTest } = this;
    if (currentTest.timeout() === 0) currentTest.timeout(LIMIT_MS);
  },
};
