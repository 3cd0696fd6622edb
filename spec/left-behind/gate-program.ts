/**
 * Replaces `process.emit` before and after timeouts. Prints which errors of code that has timed out are logged, and
 * `survived` if the process goes on.
 */
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import execa5 from 'execa5';
import { currentDeadline, GracefulTimeout } from 'lambda-graceful-timeout';
import sinon from 'sinon';
import type { Scenario, Step } from './gate.js';

const { patch, steps, strikes }: Scenario = JSON.parse(process.argv[2] ?? '');
const require = createRequire(import.meta.url);

type Undo = () => void;

const CHILD = ['-e', 'setTimeout(() => {}, 60_000)'];

const passing = (found: typeof process.emit) =>
  function (this: NodeJS.Process, ...event: []) {
    return Reflect.apply(found, this, event);
  } as typeof process.emit;

const patches: Readonly<Record<Scenario['patch'], () => Undo>> = {
  'an assignment'() {
    const found = process.emit;
    process.emit = passing(found);
    return () => {
      process.emit = found;
    };
  },
  'an assignment that is deleted'() {
    process.emit = passing(process.emit);
    return () => Reflect.deleteProperty(process, 'emit');
  },
  'Object.defineProperty'() {
    const found = Object.getOwnPropertyDescriptor(process, 'emit');
    const value = passing(process.emit);
    Object.defineProperty(process, 'emit', { value, configurable: true, writable: true });
    return () => {
      if (found) Object.defineProperty(process, 'emit', found);
      else Reflect.deleteProperty(process, 'emit');
    };
  },
  'a getter'() {
    const emit = passing(process.emit);
    Object.defineProperty(process, 'emit', { get: () => emit, configurable: true });
    return () => Reflect.deleteProperty(process, 'emit');
  },
  'a frozen prototype'() {
    Object.freeze(Object.getPrototypeOf(process));
    return () => {};
  },
  'signal-exit 3': () => require('signal-exit3')(() => {}),
  'signal-exit 3, unloaded'() {
    const onExit = require('signal-exit3');
    onExit(() => {});
    return onExit.unload;
  },
  'signal-exit 4': () => require('signal-exit').onExit(() => {}),
  'source-map-support'() {
    require('source-map-support').install();
    return () => {};
  },
  'async-exit-hook'() {
    require('async-exit-hook')(() => {});
    return () => {};
  },
  'a stub of sinon'() {
    const stub = sinon.stub(process, 'emit').callThrough();
    return () => stub.restore();
  },
  'execa 9'() {
    const child = execa(process.execPath, CHILD, { reject: false });
    return () => child.kill();
  },
  'execa 5'() {
    const child = execa5(process.execPath, CHILD, { reject: false });
    return () => child.kill();
  },
};

/** Gives a child process the time to end. */
const UNDO_MS = patch.startsWith('execa') ? 200 : 0;
const MARGIN_MS = 60_000;
const DEADLINE_MS = 60;
const STRIKE_MS = 90;

const logger = { error() {}, warn: (_message: string, detail: unknown) => console.log(String(detail)) };

class Orders {
  @GracefulTimeout({ marginMs: MARGIN_MS, logger })
  async handler(_event: unknown, _context: unknown): Promise<void> {
    setTimeout(() => void Promise.reject(new Error('a late rejection')), STRIKE_MS);
    setTimeout(() => {
      throw new Error('a late exception');
    }, STRIKE_MS);
    const { signal } = currentDeadline();
    void sleep(MARGIN_MS, undefined, { signal });
    await sleep(MARGIN_MS, undefined, { signal });
  }
}

async function timeOut(): Promise<void> {
  const context = { getRemainingTimeInMillis: () => MARGIN_MS + DEADLINE_MS };
  await new Orders().handler({}, context).catch(() => {});
  await sleep(2 * STRIKE_MS);
}

const undos: Undo[] = [];
const take: Readonly<Record<Step, () => unknown>> = {
  p: () => undos.push(patches[patch]()),
  u: () => undos.shift()?.(),
  l: () => undos.pop()?.(),
  t: timeOut,
};
for (const step of steps) {
  await take[step]();
  if (step !== 't') await sleep(UNDO_MS);
}
if (strikes) void Promise.reject(new Error('an innocent rejection'));
await sleep(STRIKE_MS);
console.log('survived');
process.exit();
