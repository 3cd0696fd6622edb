import { expect } from 'chai';
import { LambdaTimeoutError } from '../../lib/report/lambda-timeout-error.js';
import {
  addCause,
  addHookFailure,
  handlerTimedOut,
  hookAbandoned,
  type TimeoutFacts,
} from '../../lib/report/timeout-report.js';
import { useFakeTime } from '../support/fake-time.js';

const BLOCKED_AT =
  'at validate (file:///var/task/app.js:23:77)\nat Orders.handler (file:///var/task/app.js:9:3)';

describe('what a timeout says (R23)', () => {
  useFakeTime();

  const factsOf = (leftMs: number, preempt = false): TimeoutFacts => ({
    handlerName: 'Orders.handler',
    requestId: 'request-1',
    marginMs: 1000,
    preempt,
    startedAtMs: performance.now() - 2000,
    remainingMs: 2000 + leftMs,
    hardDeadlineAtMs: performance.now() + leftMs,
  });
  const deadlineOf = (lateByMs: number, blockedAt?: string) => ({
    atMs: performance.now() - lateByMs,
    blockedAt,
    activeResources: { Timeout: 1 },
    noticedAtMs: performance.now(),
    busyMs: 2000,
    pending: { operations: [], waitingFor: undefined },
  });

  it('is how long after the Lambda deadline it was noticed, if it was', () => {
    const { message, remainingMs, lateByMs } = handlerTimedOut(factsOf(-500, true), deadlineOf(1500));
    expect(message).to.match(
      /^Orders\.handler timed out 500 ms after the Lambda deadline, after 2000 ms; the event loop was blocked for the last 1500 ms$/,
    );
    expect({ remainingMs, lateByMs }).to.deep.equal({ remainingMs: -500, lateByMs: 1500 });
  });

  it('is what was really left, and why, if it was noticed 100 ms late or more', () => {
    const { message } = handlerTimedOut(factsOf(900, true), deadlineOf(100));
    expect(message).to.equal(
      'Orders.handler timed out 900 ms before the Lambda deadline, after 2000 ms; the event loop was blocked for the last 100 ms',
    );
    expect(handlerTimedOut(factsOf(901, true), deadlineOf(99)).message).to.equal(
      'Orders.handler timed out 1000 ms before the Lambda deadline, after 2000 ms',
    );
  });

  it('is that nothing was left, where that is so', () => {
    const { message } = handlerTimedOut(factsOf(0, true), deadlineOf(1000));
    expect(message).to.include('timed out 0 ms before the Lambda deadline');
  });

  it('is where the code was interrupted', () => {
    const { message, preempted, blockedAt } = handlerTimedOut(
      factsOf(900, true),
      deadlineOf(100, BLOCKED_AT),
    );
    expect(message).to.match(
      /; it blocked the event loop and was interrupted at validate \(app\.js:23:77\)$/,
    );
    expect({ preempted, blockedAt }).to.deep.equal({ preempted: true, blockedAt: BLOCKED_AT });
  });

  it('is nothing of an interruption if there was none', () => {
    const error = handlerTimedOut(factsOf(1000, true), deadlineOf(0));
    expect(error.message).to.match(
      /^Orders\.handler timed out 1000 ms before the Lambda deadline, after 2000 ms$/,
    );
    expect(error).to.have.property('preempted', false);
    expect(error).not.to.have.property('blockedAt');
  });

  it('is where a hook was interrupted', () => {
    const { message, blockedAt } = hookAbandoned(
      factsOf(500),
      'Orders.close',
      99.6,
      deadlineOf(0, BLOCKED_AT),
    );
    expect(message).to.equal(
      'Orders.close was abandoned after its share of the margin, 100 ms; it blocked the event loop and was interrupted at validate (app.js:23:77)',
    );
    expect(blockedAt).to.equal(BLOCKED_AT);
  });
});

describe('the cause of a timeout as a property (R13)', () => {
  useFakeTime();

  const timeOut = (): LambdaTimeoutError =>
    new LambdaTimeoutError('Orders.handler timed out', {
      handler: 'Orders.handler',
      marginMs: 1000,
      elapsedMs: 1,
      remainingMs: 1000,
      lateByMs: 0,
      preempted: false,
      pending: [],
      activeResources: {},
    });
  const failure = new RangeError('the pool is exhausted');

  it('is like that of each error', () => {
    const timeout = timeOut();
    addCause(timeout, failure);
    expect(Object.getOwnPropertyDescriptor(timeout, 'cause')).to.deep.equal(
      Object.getOwnPropertyDescriptor(new Error('order failed', { cause: failure }), 'cause'),
    );
  });

  it('is an AggregateError without frames if there are two', () => {
    const timeout = timeOut();
    const { stackTraceLimit } = Error;
    addCause(timeout, failure);
    addHookFailure(timeout, 'no answer');
    const { errors, stack } = timeout.cause as AggregateError;
    expect(errors).to.deep.equal(['no answer', failure]);
    expect(stack).to.equal(
      'AggregateError: The handler failed in its grace, and then the hook with `respond: true` failed',
    );
    expect(Error.stackTraceLimit).to.equal(stackTraceLimit);
  });

  it('blames no hook for a cause that the handler itself had given to its timeout', () => {
    const timeout = Object.assign(timeOut(), { cause: 'slow' });
    addCause(timeout, failure);
    const { errors, message } = timeout.cause as unknown as AggregateError;
    expect(errors).to.deep.equal([failure, 'slow']);
    expect(message).to.equal('The handler failed in its grace, and its timeout had a cause before');
  });

  it('is the only one, whatever a program has put on the prototype of all objects', () => {
    const timeout = timeOut();
    Object.defineProperty(Object.prototype, 'cause', { value: 'polluted', configurable: true });
    try {
      addCause(timeout, failure);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'cause');
    }
    expect(timeout.cause).to.equal(failure);
  });

  it('is what the hook has failed with, also where only an aborted call of it has failed', () => {
    const timeout = timeOut();
    const aborted = new DOMException('stopped', 'AbortError');
    addHookFailure(timeout, new AggregateError([timeout, aborted]));
    expect(timeout.cause).to.have.deep.property('errors', [aborted]);
  });
});
