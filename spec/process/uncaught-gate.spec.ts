import { channel } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import sinon from 'sinon';
import { LambdaTimeoutError } from '../../lib/index.js';
import { takeUncaughtErrors } from '../../lib/process/uncaught-gate.js';
import { onlyHeeds } from '../../lib/report/heeding.js';
import { sharedSymbol } from '../../lib/shared.js';
import { useFreshGate } from '../support/fresh-gate.js';

type Holder = { emit: unknown };

describe('the gate before process.emit (R0, R16)', () => {
  const holder = process as unknown as Holder;
  useFreshGate();
  beforeEach(() => {
    takeUncaughtErrors('specs', () => false);
  });
  afterEach(() => {
    Reflect.deleteProperty(process, 'emit');
  });

  it('stands before what Node has put there, for the last taker of each name', () => {
    const heard: unknown[] = [];
    const listener = (error: unknown) => heard.push(error);
    process.on('uncaughtExceptionMonitor', listener);
    const emit = (error: string) =>
      (process as NodeJS.EventEmitter).emit('uncaughtExceptionMonitor', error, 'uncaughtException');
    takeUncaughtErrors('specs', (_, error) => error === 'taken');
    emit('taken');
    emit('left');
    takeUncaughtErrors('others', (_, error) => error === 'left');
    emit('left');
    takeUncaughtErrors('specs', () => false);
    emit('taken');
    process.off('uncaughtExceptionMonitor', listener);
    expect(heard).to.deep.equal(['left', 'taken']);
  });

  it('leaves room for what others put on `EventEmitter.prototype` later, and take away again', () => {
    const heard: unknown[] = [];
    const { prototype } = EventEmitter;
    const { emit } = prototype;
    prototype.emit = (name) => heard.push(name) > 0;
    (process as NodeJS.EventEmitter).emit('while it is there');
    prototype.emit = emit;
    (process as NodeJS.EventEmitter).emit('afterwards');
    expect(heard).to.deep.equal(['while it is there']);
  });

  it('stays as it is if another object that inherits from `process`, as one of Jest, gets a function of its own', () => {
    const gate = holder.emit;
    const another: Holder = Object.create(process);
    const emit = sinon.stub().returns('its own');
    another.emit = emit;
    expect((another as { emit(name: string): unknown }).emit('an event')).to.equal('its own');
    expect(holder.emit).to.equal(gate);
  });

  it('stands before a function that a program has defined', () => {
    const emit = sinon.stub().returns('left');
    Object.defineProperty(process, 'emit', { value: emit, configurable: true, writable: true });
    takeUncaughtErrors('specs', (_, error) => error === 'taken');
    const gate = holder.emit as typeof emit;
    expect([gate('uncaughtException', 'taken'), gate('uncaughtException', 'left')]).to.deep.equal([
      true,
      'left',
    ]);
    expect(emit.callCount).to.equal(1);
  });

  it('hides nothing that `process` inherits', () => {
    const names: string[] = [];
    for (const name in process) names.push(name);
    expect(names).to.include.members(['emit', 'on', 'once', 'listeners']);
    expect(Object.getPrototypeOf(Object.getPrototypeOf(process))).to.equal(EventEmitter.prototype);
  });

  it('gives out what others have put there, also if that is no function', () => {
    holder.emit = undefined;
    expect(holder.emit).to.equal(undefined);
  });

  it('stands on `process` itself where a program has frozen its prototype', () => {
    expect(Object.keys(process), 'elsewhere').not.to.include('emit');
    Reflect.deleteProperty(channel, sharedSymbol('uncaught-gate'));
    const define = sinon.stub(Reflect, 'defineProperty').callThrough();
    define.onFirstCall().returns(false);
    takeUncaughtErrors('specs', () => false);
    define.restore();
    expect(Object.keys(process)).to.include('emit');
    expect((process as NodeJS.EventEmitter).emit('an event that nobody hears')).to.equal(false);
  });

  it('lets others list what they have put there', () => {
    holder.emit = () => true;
    expect(Object.keys(process)).to.include('emit');
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

  it('stands there once, however often it is kept in place', () => {
    holder.emit = () => true;
    const { get } = Object.getOwnPropertyDescriptor(process, 'emit') as PropertyDescriptor;
    takeUncaughtErrors('specs', () => false);
    expect(Object.getOwnPropertyDescriptor(process, 'emit')).to.have.property('get', get);
  });

  it('gives out what others have added to their function, such as `restore` of a stub', () => {
    const stub = (_name: string, _value: unknown) => true;
    const emit = Object.assign(stub, { restore: () => 'restored' });
    holder.emit = emit;
    const gate = holder.emit as typeof emit;
    expect(gate).not.to.equal(emit);
    expect(gate).to.include({ name: 'stub', length: 2, restore: emit.restore });
  });

  it('stands before a getter that a program has defined', () => {
    const seen: unknown[] = [];
    const emit = (...event: unknown[]) => seen.push(event[0]);
    Object.defineProperty(process, 'emit', {
      get(this: unknown) {
        return this === process && emit;
      },
      configurable: true,
    });
    takeUncaughtErrors('specs', (_, error) => error === 'taken');
    (holder.emit as typeof emit)('uncaughtException', 'taken');
    (holder.emit as typeof emit)('uncaughtException', 'left');
    (holder.emit as typeof emit)('another event', 'taken');
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
