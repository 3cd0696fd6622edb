import { expect } from 'chai';
import sinon from 'sinon';
import { Expiry } from '../../lib/deadline/expiry.js';
import { LambdaTimeoutError } from '../../lib/index.js';
import { StackBudget } from '../../lib/report/stack-budget.js';

const BLOCKED_AT =
  'at Inventory.validate (file:///var/task/app.js:23:77)\nat Orders.handler (file:///var/task/app.js:9:3)';

const details = {
  handler: 'Orders.handler',
  marginMs: 1,
  elapsedMs: 1,
  remainingMs: 1,
  lateByMs: 0,
  preempted: false,
  pending: [],
  activeResources: {},
};

const expiryAt = (atMs: number, outer?: Expiry, name = 'Orders.handler'): Expiry =>
  new Expiry(atMs, outer, new StackBudget(0), () => new LambdaTimeoutError(`${name} timed out`, details));

/** Makes the error of code that is interrupted in its grace. The error is made before that, at the deadline. */
function interruptedInGrace(onError: (error: LambdaTimeoutError) => void = () => {}): LambdaTimeoutError {
  const expiry = expiryAt(0);
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

describe('A deadline below another one (R18)', () => {
  const [early, late] = [0, Number.POSITIVE_INFINITY];

  it('is over as soon as one of the two is, and its error is of that one', () => {
    const inner = expiryAt(early, expiryAt(late, undefined, 'outer'), 'inner');
    expect([inner.expired, inner.remainingMs()]).to.deep.equal([true, 0]);
    expect(inner.errorBelow(expiryAt).message).to.equal('inner timed out');
    const other = expiryAt(late, expiryAt(early, undefined, 'outer'), 'inner');
    expect([other.expired, other.remainingMs()]).to.deep.equal([true, 0]);
    expect(other.errorBelow(expiryAt).message).to.equal('outer timed out');
  });

  it('tells all that wait, once, whichever of the two has come', () => {
    const outer = expiryAt(late, undefined, 'outer');
    const inner = expiryAt(late, outer, 'inner');
    const told: string[] = [];
    const wait = (name: string) => (error: Error) => told.push(`${name}: ${error.message}`);
    const leaves = wait('leaves');
    for (const waiter of [wait('first'), leaves, wait('second')]) inner.wait(waiter);
    inner.stopWaiting(leaves);
    const { signal } = inner;
    expect(signal.aborted).to.equal(false);
    outer.come();
    outer.tell();
    inner.come();
    inner.tell();
    expect(told).to.deep.equal(['first: outer timed out', 'second: outer timed out']);
    expect(signal.reason).to.have.property('message', 'outer timed out');
    expect(expiryAt(late, outer).signal.reason).to.equal(signal.reason);
  });

  it('leaves the outer one once it can never come and nobody waits, and waits again for who comes later', () => {
    const outer = expiryAt(late, undefined, 'outer');
    const [waits, stops] = [sinon.spy(outer, 'wait'), sinon.spy(outer, 'stopWaiting')];
    const inner = expiryAt(late, outer);
    const told: string[] = [];
    const waiter = (error: Error) => told.push(error.message);
    inner.wait(waiter);
    inner.neverCome();
    expect(stops.callCount).to.equal(0);
    inner.stopWaiting(waiter);
    expect([waits.args[0], stops.args]).to.deep.equal([stops.args[0], [waits.args[0]]]);
    inner.wait(waiter);
    outer.come();
    outer.tell();
    expect(told).to.deep.equal(['outer timed out']);
  });

  it('stays with the outer one for a signal, which somebody may still have', () => {
    const outer = expiryAt(late, undefined, 'outer');
    const inner = expiryAt(late, outer);
    const { signal } = inner;
    inner.neverCome();
    outer.come();
    outer.tell();
    expect(signal.reason).to.equal(outer.error);
  });
});

describe('The signal of a deadline (R24)', () => {
  it('takes any number of listeners without a warning of Node 20', async () => {
    const warnings: Error[] = [];
    const keep = (warning: Error) => warnings.push(warning);
    process.on('warning', keep);
    const { signal } = expiryAt(Number.POSITIVE_INFINITY);
    for (let count = 0; count < 20; count++) signal.addEventListener('abort', () => count);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', keep);
    expect(warnings).to.deep.equal([]);
  });

  it('may be one of a test environment, such as jsdom, whose classes are all its own', () => {
    const { EventTarget, AbortController } = globalThis;
    class Foreign {}
    class ForeignController {
      readonly signal = Object.assign(new Foreign(), { aborted: false });
    }
    Object.assign(globalThis, { EventTarget: Foreign, AbortController: ForeignController });
    try {
      expect(expiryAt(Number.POSITIVE_INFINITY).signal).to.be.instanceOf(Foreign);
    } finally {
      Object.assign(globalThis, { EventTarget, AbortController });
    }
  });
});

describe('What only says that the time was over (R16)', () => {
  const aborted = new DOMException('stopped', 'AbortError');
  const failure = new RangeError('the pool is exhausted');

  const come = (outer?: Expiry): Expiry => {
    const expiry = expiryAt(0, outer);
    void expiry.signal;
    expiry.come();
    expiry.tell();
    return expiry;
  };
  /** How an error counts. */
  const countsAs = (expiry: Expiry, error: unknown): string[] => [
    ...(expiry.isSaidBy(error) ? ['said'] : []),
    ...(expiry.follow(error).onlyLeadsToEnds ? ['heeded'] : []),
  ];

  it('is its error, and what leads to it', () => {
    const expiry = come();
    for (const error of [expiry.error, new Error('stopped', { cause: expiry.error })]) {
      expect(countsAs(expiry, error)).to.deep.equal(['said', 'heeded']);
    }
    expect(countsAs(expiry, failure)).to.deep.equal([]);
  });

  it('is also the error of the deadline above, and that of an aborted call, which do not say that this one has come', () => {
    const outer = come();
    const expiry = come(outer);
    for (const error of [outer.error, aborted]) expect(countsAs(expiry, error)).to.deep.equal(['heeded']);
  });

  it('is another timeout only where that is known', () => {
    const expiry = come();
    const { error } = expiryAt(0, undefined, 'Refunds.handler');
    expect(countsAs(expiry, error)).to.deep.equal([]);
    expect(expiry.isHeededBy(error, (value) => value === error)).to.equal(true);
  });

  it('is nothing before it has come', () => {
    const expiry = expiryAt(Number.POSITIVE_INFINITY);
    for (const error of [undefined, aborted, failure]) expect(countsAs(expiry, error)).to.deep.equal([]);
  });

  it('is left out of what the code has thrown', () => {
    const outer = come();
    const expiry = come(outer);
    for (const error of [expiry.error, outer.error, aborted]) {
      const thrown = new AggregateError([error, failure]);
      expect(expiry.follow(thrown).cut()).to.have.deep.property('errors', [failure]);
    }
    expect(expiry.follow(failure).cut()).to.equal(failure);
  });
});
