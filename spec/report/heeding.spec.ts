import { expect } from 'chai';
import { onlyHeeds, tellingOf, withoutHeeding } from '../../lib/report/heeding.js';

const reason = new Error('the time is over');
const isReason = (value: unknown): boolean => value === reason;

/** An error as a client makes it. */
const errorOf = (fields: object, message = 'stopped'): Error => Object.assign(new Error(message), fields);

/** A class of errors that does not set their name. */
const unnamed = (name: string): Error => {
  const Class = class extends Error {};
  Object.defineProperty(Class, 'name', { value: name });
  return new Class('stopped');
};

const ABORTED: Readonly<Record<string, unknown>> = {
  'that of an AbortSignal': new DOMException('This operation was aborted', 'AbortError'),
  'one named AbortError': errorOf({ name: 'AbortError' }),
  'one named RequestAbortedError': errorOf({ name: 'RequestAbortedError' }),
  'one named CanceledError': errorOf({ name: 'CanceledError' }),
  'one named CancelledException': errorOf({ name: 'CancelledException' }),
  'one named Canceled': errorOf({ name: 'Canceled' }),
  'one of a class APIUserAbortError, with the name of all errors': unnamed('APIUserAbortError'),
  'one with the code ABORT_ERR': errorOf({ code: 'ABORT_ERR' }),
  'one with the code ERR_ABORTED': errorOf({ code: 'ERR_ABORTED' }),
  'one with the code ERR_CANCELED': errorOf({ code: 'ERR_CANCELED' }),
  'one with the code UND_ERR_ABORTED': errorOf({ code: 'UND_ERR_ABORTED' }),
  'that of a response whose request the signal has destroyed': errorOf({ code: 'ECONNRESET' }, 'aborted'),
  'the same, as the AWS SDK tells it': errorOf({ code: 'ECONNRESET' }, 'aborted\n  Deserialization error'),
  'one of execa': errorOf({ isCanceled: true }),
  'what is no error of this realm, as under Jest': { name: 'AbortError', message: 'stopped' },
};

const OTHERS: Readonly<Record<string, unknown>> = {
  'an error': new Error('stopped'),
  'an error whose name only begins like that': errorOf({ name: 'AbortErrorHandlerMissing' }),
  'an error whose name only ends like that': errorOf({ name: 'Order CanceledError' }),
  'an error whose name is no text': errorOf({ name: Symbol('AbortError') }),
  'that of a stream that was closed too early, by whomever': errorOf({ code: 'ERR_STREAM_PREMATURE_CLOSE' }),
  'an error with another code': errorOf({ code: 'ECONNRESET' }, 'socket hang up'),
  'an error of a connection with other words': errorOf({ code: 'ECONNRESET' }, 'the query was aborted'),
  'an error with only the words of that of a response': errorOf({}, 'aborted'),
  'an error that says of itself that it was not canceled': errorOf({ isCanceled: false }),
  'a text': 'AbortError',
  nothing: undefined,
};

describe('the error of an aborted call (R16)', () => {
  for (const [title, error] of Object.entries(ABORTED)) {
    it(`is known by its name, its class or its code once the signal has aborted: ${title}`, () => {
      expect(onlyHeeds(error, isReason, true)).to.equal(true);
      expect(onlyHeeds(error, isReason, false)).to.equal(false);
    });
  }

  for (const [title, error] of Object.entries(OTHERS)) {
    it(`is not ${title}`, () => {
      expect(onlyHeeds(error, isReason, true)).to.equal(false);
    });
  }

  it('may be the cause or the reason of another one, and one or all of several', () => {
    const { one, another } = { one: errorOf({ name: 'AbortError' }), another: reason };
    for (const key of ['cause', 'reason']) {
      expect(onlyHeeds(errorOf({ [key]: one }), isReason, true), key).to.equal(true);
    }
    expect(onlyHeeds(new AggregateError([one, another]), isReason, true)).to.equal(true);
    const unreadable = new Proxy([], { get: () => expect.fail('it was read') });
    for (const own of [{ error: new Error('other') }, { errors: 'other' }, { errors: unreadable }]) {
      expect(onlyHeeds(errorOf({ cause: one, ...own }), isReason, true), Object.keys(own)[0]).to.equal(true);
    }
    expect(onlyHeeds(new AggregateError([one, new Error('other')]), isReason, true)).to.equal(false);
  });
});

describe('a timeout whose message the user has replaced (R16)', () => {
  it('is recognized, and what has no text is not', () => {
    const timeout = errorOf({ message: undefined });
    const isTimeout = tellingOf([timeout]);
    expect([timeout, {}, undefined, errorOf({ message: undefined })].map(isTimeout)).to.deep.equal([
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('one error of thousands of calls, as `Promise.any` makes it (R12, R17)', () => {
  const CALLS = 10_000;
  const MAX_MS = 1000;
  const of = (errorAt: (index: number) => unknown): Error =>
    new AggregateError(Array.from({ length: CALLS }, (_, index) => errorAt(index)));
  const failed = new Error('the order is wrong');
  const isLast = (index: number): boolean => index === CALLS - 1;

  const cases: Readonly<Record<string, readonly [error: Error, heeds: boolean]>> = {
    'that all rejected with the reason of their signal': [of(() => reason), true],
    'that all rejected with an error of their own': [of(() => errorOf({ name: 'AbortError' })), true],
    'the last of which failed': [of((at) => (isLast(at) ? failed : errorOf({ name: 'AbortError' }))), false],
  };
  for (const [title, [error, heeds]] of Object.entries(cases)) {
    it(`is judged, and copied, without keeping the hooks waiting: ${title}`, () => {
      const startedAtMs = performance.now();
      expect(onlyHeeds(error, isReason, true)).to.equal(heeds);
      const { errors } = withoutHeeding(error, isReason, true) as AggregateError;
      expect(performance.now() - startedAtMs).to.be.below(MAX_MS);
      if (!heeds) expect(errors).to.have.ordered.members([failed]);
    });
  }
});

describe('an error without the way to a timeout (R12)', () => {
  it('is the error itself if it does not lead there', () => {
    const error = new Error('order failed', { cause: new Error('because') });
    expect(withoutHeeding(error, isReason, true)).to.equal(error);
  });

  it('has no cause where that led there, and properties that can be set, as those of each error', () => {
    const failure = new RangeError('the pool is exhausted');
    const error = new AggregateError([reason, failure], 'both', { cause: reason });
    const copy = withoutHeeding(error, isReason, false);
    expect(copy).not.to.have.property('cause');
    const { errors, stack } = Object.getOwnPropertyDescriptors(copy as AggregateError);
    expect(errors).to.include({ configurable: true, writable: true, enumerable: false });
    expect(stack).to.include({ configurable: true, enumerable: false });
  });

  it('is a copy, as the error is but for what leads there', () => {
    const failure = new RangeError('the pool is exhausted');
    class OrderError extends AggregateError {
      readonly orderId = 'A-1';
    }
    const inner = new Error('stopped', { cause: reason });
    const middle = new Error('retried', { cause: new AggregateError([inner, failure], 'both') });
    const error = new OrderError([middle, inner, reason], 'order failed');
    const copy = withoutHeeding(error, isReason, false) as OrderError;
    expect(copy).to.be.instanceOf(OrderError).and.not.equal(error);
    expect(copy).to.include({ message: 'order failed', orderId: 'A-1', stack: error.stack });
    expect(copy.errors).to.have.length(1);
    const [copyOfMiddle] = copy.errors as [Error];
    expect(copyOfMiddle).to.include({ message: 'retried', stack: middle.stack });
    expect(copyOfMiddle.cause).to.have.deep.property('errors', [failure]);
    expect(error.errors, 'the error itself').to.deep.equal([middle, inner, reason]);
  });

  it('has the name and the message also where their getters refuse to work for a copy', () => {
    const error = Object.assign(new DOMException('half written', 'DataError'), { errors: [reason, 'lost'] });
    const copy = withoutHeeding(error, isReason, false) as DOMException;
    expect(copy).to.be.instanceOf(DOMException).and.not.equal(error);
    expect(copy).to.include({ name: 'DataError', message: 'half written' });
    expect(copy).to.have.deep.property('errors', ['lost']);
    expect(Object.keys(copy)).to.deep.equal(['errors']);
  });

  it('has no list and no cause that the error does not have', () => {
    const error = new AggregateError([
      reason,
      new Error('a', { cause: new AggregateError([reason, 1], 'b') }),
    ]);
    const { errors } = withoutHeeding(error, isReason, false) as AggregateError;
    expect(Object.getOwnPropertyNames(errors[0]).sort()).to.deep.equal(['cause', 'message', 'stack']);
    expect(Object.getOwnPropertyNames(errors[0].cause).sort()).to.deep.equal(['errors', 'message', 'stack']);
  });

  it('has its list and the text of a proxy that refuses to tell of its properties', () => {
    const failure = new RangeError('the pool is exhausted');
    const error = new Proxy(new AggregateError([reason, failure], 'both'), {
      getOwnPropertyDescriptor() {
        throw new TypeError('not told');
      },
    });
    const copy = withoutHeeding(error, isReason, false) as AggregateError;
    expect(copy.message).to.equal('AggregateError: both');
    expect(copy.errors).to.deep.equal([failure]);
    expect(Object.keys(copy)).to.deep.equal([]);
  });
});
