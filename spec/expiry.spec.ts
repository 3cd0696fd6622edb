import { expect } from 'chai';
import { Expiry } from '../lib/deadline/expiry.js';
import { LambdaTimeoutError } from '../lib/index.js';

const BLOCKED_AT =
  'at Inventory.validate (file:///var/task/app.js:23:77)\nat Orders.handler (file:///var/task/app.js:9:3)';

/** Makes the error of code that is interrupted in its grace. The error is made before that, at the deadline. */
function interruptedInGrace(onError: (error: LambdaTimeoutError) => void = () => {}): LambdaTimeoutError {
  const expiry = new Expiry(0, () => {
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

  it('does not change if the handler has frozen it', () => {
    const error = interruptedInGrace(Object.freeze);
    expect(error).to.include({ message: 'Orders.handler timed out', preempted: false });
  });
});
