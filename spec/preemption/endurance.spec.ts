import { expectEndured, ROUNDS, TIMEOUT_MS } from './endurance.js';

/** Powertools' Tracer sets hooks as well. Those that do nothing else take longer, so they run at night only. */
const LISTENERS = ['nobody', 'tracer', ...(ROUNDS > 1 ? ['hook', 'promise hook'] : [])];

describe('A process that is interrupted again and again (R0, R26, R27a)', function () {
  this.timeout(TIMEOUT_MS);

  for (const listener of LISTENERS) {
    it(`loses nothing, whatever the code does, with async hooks of ${listener}`, () =>
      expectEndured({ listener }));
  }
});
