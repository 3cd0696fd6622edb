import { expect } from 'chai';
import { Expiry } from '../lib/deadline/expiry.js';
import { LambdaTimeoutError } from '../lib/index.js';
import { StackBudget } from '../lib/report/stack-budget.js';

const BLOCKED_AT =
  'at Inventory.validate (file:///var/task/app.js:23:77)\nat Orders.handler (file:///var/task/app.js:9:3)';

/** Makes the error of code that is interrupted in its grace. The error is made before that, at the deadline. */
function interruptedInGrace(onError: (error: LambdaTimeoutError) => void = () => {}): LambdaTimeoutError {
  const expiry = new Expiry(0, undefined, new StackBudget(0), () => {
    const details = { handler: 'Orders.handler', marginMs: 1, elapsedMs: 1, remainingMs: 1, lateByMs: 0 };
    return new LambdaTimeoutError('Orders.handler timed out', {
      ...details,
      preempted: false,
      pending: [],
      activeResources: {},
    });
  });
  expiry.come();
  onError(expiry.error);
  expiry.interrupt(() => BLOCKED_AT);
  return expiry.error;
}

describe('The error of code that is interrupted in its grace (R23)', () => {
  it('names the interruption and the innermost frame', () => {
    const error = interruptedInGrace();
    const message =
      'Orders.handler timed out; it blocked the event loop and was interrupted at Inventory.validate (app.js:23:77)';
    expect(error).to.include({ message, preempted: true, blockedAt: BLOCKED_AT });
    expect(error.stack).to.equal(`LambdaTimeoutError: ${message}`);
    expect(Object.keys(error)).not.to.include.members(['message', 'stack']);
  });

  for (const [how, close] of Object.entries({ frozen: Object.freeze, sealed: Object.seal })) {
    it(`does not make the timeout fail if the handler has ${how} it`, () => {
      const error = interruptedInGrace(close);
      expect(error).to.include({ name: 'LambdaTimeoutError', handler: 'Orders.handler' });
    });
  }

  for (const [what, stack] of Object.entries({
    'that is no text': { value: [] },
    'that cannot be written': {
      get() {
        throw new Error('no stack');
      },
    },
  })) {
    it(`names the interruption beside a stack ${what}`, () => {
      const error = interruptedInGrace((made) => void Object.defineProperty(made, 'stack', stack));
      expect(error).to.include({ preempted: true, blockedAt: BLOCKED_AT });
    });
  }
});
