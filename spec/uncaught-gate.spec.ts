import { expect } from 'chai';
import { LambdaTimeoutError } from '../lib/index.js';
import { takeUncaughtErrors } from '../lib/process/uncaught-gate.js';
import { onlyHeeds } from '../lib/report/heeding.js';

type Holder = { emit: unknown };

describe('the gate before process.emit (R0, R16)', () => {
  const holder = process as unknown as Holder;
  let stop: () => void;

  beforeEach(() => {
    stop = takeUncaughtErrors(() => false);
  });
  afterEach(() => {
    Reflect.deleteProperty(process, 'emit');
    stop();
  });

  it('gives out what others have put there, also if that is no function', () => {
    holder.emit = undefined;
    expect(holder.emit).to.equal(undefined);
  });

  it('gives out the same function for the same function, so that others recognize it', () => {
    const emit = () => true;
    holder.emit = emit;
    const gate = holder.emit;
    holder.emit = gate;
    expect(holder.emit).to.equal(gate);
    Reflect.deleteProperty(process, 'emit');
    expect(holder.emit).not.to.equal(gate);
    holder.emit = emit;
    expect(holder.emit).to.equal(gate);
  });

  it('stands before a getter that a program has defined', () => {
    const seen: unknown[] = [];
    const emit = (...event: unknown[]) => seen.push(event[0]);
    Object.defineProperty(process, 'emit', { get: () => emit, configurable: true });
    const stopTaking = takeUncaughtErrors((_, error) => error === 'taken');
    (holder.emit as typeof emit)('uncaughtException', 'taken');
    (holder.emit as typeof emit)('uncaughtException', 'left');
    (holder.emit as typeof emit)('another event');
    stopTaking();
    expect(seen).to.deep.equal(['uncaughtException', 'another event']);
  });
});

describe('an error that refuses to be looked at (R16)', () => {
  it('is not taken for one that only heeds the signal', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(onlyHeeds(proxy, (value) => value instanceof LambdaTimeoutError, true)).to.equal(false);
  });
});
