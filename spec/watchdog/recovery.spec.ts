import { AsyncResource } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import sinon from 'sinon';
import { sharedSymbol } from '../../lib/shared.js';
import { MacrotaskQueue } from '../../lib/watchdog/macrotask-queue.js';
import { mendStreams } from '../../lib/watchdog/node/signs-of-life.js';
import { Recovery } from '../../lib/watchdog/recovery.js';
import { useFreshGate } from '../support/fresh-gate.js';
import { useLeftUncaught } from '../support/left-uncaught.js';

const TURN_MS = 20;

/** A standard stream, as far as its state is looked at. */
const streamOf = (fields: object) => ({
  destroyed: false,
  writableCorked: 0,
  writableLength: 0,
  write: () => true,
  ...fields,
});

describe('the steps after an interruption (R27a)', () => {
  let damaged: string[];
  let isLeftAlone: boolean;
  let ran: boolean;
  let recovery: Recovery;

  const begin = (isMainThread = true): void => {
    const steps = new MacrotaskQueue();
    recovery = new Recovery(steps, {
      isMainThread,
      isLeftAlone: () => isLeftAlone,
      onDamage: (part) => damaged.push(part),
    });
    expect(recovery.msUntilTurn).to.equal(Number.POSITIVE_INFINITY);
    steps.run(new AsyncResource('spec'), () => {
      ran = true;
    });
    recovery.begin();
    expect(recovery.msUntilTurn).to.equal(50);
  };
  const turn = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++) {
      await sleep(TURN_MS);
      // Several signs in one turn count as one.
      for (let signs = 0; signs < 10; signs++) recovery.noteTurn();
    }
  };

  beforeEach(() => {
    damaged = [];
    isLeftAlone = true;
    ran = false;
  });
  afterEach(() => sinon.restore());

  it('run as soon as each part of Node has given a sign of life', async () => {
    begin(false);
    recovery.noteTurn();
    expect(ran).to.equal(false);
    await sleep(TURN_MS);
    expect(ran).to.equal(true);
    expect(damaged).to.deep.equal([]);
    expect(recovery.msUntilTurn).to.equal(Number.POSITIVE_INFINITY);
    recovery.noteTurn();
  });

  it('wait until the watching thread has left, but only for four turns of the loop', async () => {
    isLeftAlone = false;
    begin(false);
    recovery.noteTurn(); // too early to count
    await turn(3);
    expect(ran).to.equal(false);
    expect(recovery.msUntilTurn, 'the last turn').to.equal(50);
    await turn(1);
    await sleep(TURN_MS);
    expect(ran).to.equal(true);
    expect(damaged).to.deep.equal([]);
  });

  it('run after four turns of the loop beside a part that gives no sign, which is said', async () => {
    sinon.stub(process, 'stdout').value(streamOf({ writableLength: 1, _handle: { writeQueueSize: 0 } }));
    begin();
    await turn(3);
    expect({ ran, damaged }).to.deep.equal({ ran: false, damaged: [] });
    await turn(1);
    await sleep(TURN_MS);
    expect({ ran, damaged }).to.deep.equal({ ran: true, damaged: ['stdout'] });
  });

  it('do not wait for a stream whose reader is slow', async () => {
    sinon.stub(process, 'stdout').value(streamOf({ writableLength: 1, _handle: { writeQueueSize: 1 } }));
    begin();
    await sleep(TURN_MS);
    expect({ ran, damaged }).to.deep.equal({ ran: true, damaged: [] });
  });

  it('run when a standard stream goes on, which is told to before the last turn', async () => {
    const state = { length: 1, writing: true, bufferProcessing: true, writecb: undefined };
    const stderr = streamOf({ _writableState: state });
    Object.defineProperty(stderr, 'writableLength', { get: () => state.length });
    sinon.stub(process, 'stderr').value(stderr);
    begin();
    await turn(2);
    expect(state.length).to.equal(1);
    await turn(1);
    expect(state).to.include({ length: 0, writing: false, bufferProcessing: false });
    await sleep(TURN_MS);
    expect({ ran, damaged }).to.deep.equal({ ran: true, damaged: [] });
  });

  it('do not wait for the streams of a worker thread, which its main thread writes', async () => {
    const state = { length: 1, writing: true };
    sinon.stub(process, 'stdout').value(streamOf({ writableLength: 1, _writableState: state }));
    isLeftAlone = false;
    begin(false);
    await turn(3);
    expect(state.length).to.equal(1);
    isLeftAlone = true;
    await turn(1);
    await sleep(TURN_MS);
    expect({ ran, damaged }).to.deep.equal({ ran: true, damaged: [] });
  });
});

describe('signs of life that come too late (R27a)', () => {
  const foreign = useLeftUncaught('uncaughtException');

  it('are no signs any more: the parts are said to be damaged, once', async () => {
    const damaged: string[] = [];
    let released = 0;
    const steps = { hold: (onHeld: () => void) => onHeld(), release: () => released++ };
    const recovery = new Recovery(steps as unknown as MacrotaskQueue, {
      isMainThread: false,
      isLeftAlone: () => true,
      onDamage: (part) => damaged.push(part),
    });
    recovery.begin();
    for (let turns = 0; turns < 4; turns++) {
      const until = performance.now() + TURN_MS;
      while (performance.now() < until);
      recovery.noteTurn();
    }
    const parts = ['setTimeout', 'setImmediate', 'process.nextTick', 'await'];
    expect({ damaged, released }).to.deep.equal({ damaged: parts, released: 1 });
    await sleep(TURN_MS);
    expect({ damaged, released, foreign }).to.deep.equal({ damaged: parts, released: 1, foreign: [] });
  });
});

describe('a standard stream after an interruption (R27a)', () => {
  afterEach(() => sinon.restore());

  const mend = (fields: object): object => {
    const stdout = streamOf({ writableLength: 5, ...fields });
    sinon.stub(process, 'stdout').value(stdout);
    mendStreams();
    return stdout;
  };

  it('goes on with the next write, if it waits for the end of one', () => {
    const onwrite = sinon.fake();
    const state = { length: 5, writing: true, bufferProcessing: true, writecb() {}, onwrite };
    mend({ _writableState: state });
    expect(onwrite.callCount).to.equal(1);
    expect(state).to.include({ length: 5, writing: true, bufferProcessing: false });
  });

  it('waits for nothing, if it writes nothing', () => {
    const onwrite = sinon.fake();
    const state = { length: 5, writing: false, bufferProcessing: true, writecb() {}, onwrite };
    mend({ _writableState: state });
    expect(onwrite.callCount).to.equal(0);
    expect(state).to.include({ length: 0, writing: false, bufferProcessing: false });
  });

  for (const [what, fields] of Object.entries({
    'has a handle, which the system tells': { _handle: {} },
    'waits for its reader': { _handle: { writeQueueSize: 5 } },
    'is empty': { writableLength: 0 },
    'is destroyed': { destroyed: true },
  })) {
    it(`stays as it is, if it ${what}`, () => {
      const state = { length: 5, writing: false, bufferProcessing: true };
      mend({ ...fields, _writableState: state });
      expect(state).to.include({ length: 5, bufferProcessing: true });
    });
  }

  it('of another kind is left alone', () => {
    mend({});
  });

  it('is uncorked, as the interrupted code would have done', () => {
    const stdout = mend({ writableCorked: 2, uncork, destroyed: true });
    function uncork(this: { writableCorked: number }): void {
      this.writableCorked--;
    }
    expect(stdout).to.have.property('writableCorked', 0);
  });
});

describe('the error of a port whose making was interrupted (R27a)', () => {
  const foreign = useLeftUncaught('uncaughtException');
  useFreshGate();

  it('ends no process, from the first interruption on', () => {
    const error = Object.assign(new TypeError('no listener'), {
      stack: 'TypeError\n    at MessagePort.onclose (node:internal/worker/io:1:1)',
    });
    const tell = (reason: unknown) =>
      (process as NodeJS.EventEmitter).emit('uncaughtException', reason, 'uncaughtException');
    tell(error);
    expect(foreign).to.deep.equal([error]);
    const recovery = new Recovery(new MacrotaskQueue(), {
      isMainThread: false,
      isLeftAlone: () => true,
      onDamage() {},
    });
    recovery.begin();
    const gate = Reflect.get(channel, sharedSymbol('uncaught-gate')) as { takers: Map<string, unknown> };
    expect(gate.takers.size).to.equal(1);
    recovery.begin();
    expect(gate.takers.size).to.equal(1);
    tell(error);
    expect(foreign).to.deep.equal([error]);
    tell('another');
    expect(foreign).to.deep.equal([error, 'another']);
  });
});
