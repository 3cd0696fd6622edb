import { expect } from 'chai';
import { programsOf } from '../support/programs.js';

const { reportOf } = programsOf(import.meta.url);

/** A pool is opened by the first invocation, and its callbacks run in the context of that one: see R27. */
const ORDINARY = { AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001' };

describe('code that blocks the event loop in the middle of an HTTP response (R26)', function () {
  this.timeout(30_000);

  const places = [
    'a loop over the body of fetch',
    'a reaction to the text of fetch',
    'a reaction to the head of fetch',
    'a stream that transforms the body of fetch',
    'a loop over the body of request()',
    'a reaction to the text of request()',
    'an end callback of request()',
  ];
  for (const place of places) {
    it(`is interrupted in ${place}, and the same pool serves the next requests`, async () => {
      const whole = 500_000;
      expect(await reportOf('fetch-program', place, { env: ORDINARY })).to.deep.equal({
        before: whole,
        blocked: { name: 'LambdaTimeoutError', preempted: true },
        after: Array(6).fill(whole),
      });
    });
  }
});
