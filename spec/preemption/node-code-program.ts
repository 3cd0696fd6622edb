/**
 * Interrupts loops that spend their time in functions of Node. After each time it prints what still works, as a line of
 * JSON. The first argument says how many times, the second one on which thread. A third argument chooses a single kind of
 * loop.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { isMainThread, Worker } from 'node:worker_threads';
import { GracefulTimeout, LambdaTimeoutError } from 'lambda-graceful-timeout';
import { FakeContext } from '../support/context.js';
import type { NodeCodeReport } from './node-code.js';
import { signsOfLife } from './signs-of-life.js';

const [rounds, thread, only] = process.argv.slice(2);
const MARGIN_MS = 1000;
const TIME_MS = 40;
/** How many durations of timers are used, from 1 ms on. */
const DURATIONS = 40;
/** What has not come after this time counts as lost. */
const LOST_MS = 3000;
const THIS_FILE = fileURLToPath(import.meta.url);
const THIS_FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** `inspect` works on it for many seconds, in one call. */
const endless = Array.from({ length: 300_000 }, (_, index) => ({ index, of: [index] }));

const nothing = (): void => {};

/** One turn of each loop. */
const loops: Record<string, () => void> = {
  timers() {
    for (let duration = 1; duration <= DURATIONS; duration++) clearTimeout(setTimeout(nothing, duration));
  },
  'timers that overlap'() {
    const timers = [];
    for (let duration = 1; duration <= DURATIONS; duration++) timers.push(setTimeout(nothing, duration));
    for (const timer of timers) timer.refresh();
    timers.forEach(clearTimeout);
  },
  immediates() {
    const immediates = [];
    for (let count = 0; count < 10; count++) immediates.push(setImmediate(nothing));
    immediates.forEach(clearImmediate);
  },
  ticks() {
    process.nextTick(nothing);
  },
  streams() {
    const stream = new PassThrough();
    for (let count = 0; count < 10; count++) stream.write('data');
    stream.read();
  },
  fs() {
    statSync(THIS_FILE);
    existsSync(THIS_FILE);
    readFileSync(THIS_FILE, 'utf8');
    readdirSync(THIS_FOLDER);
  },
  buffers() {
    const buffer = Buffer.from('some data, and some more of it');
    Buffer.concat([buffer, Buffer.alloc(100), Buffer.allocUnsafe(10)]).toString('base64');
  },
  urls() {
    const url = new URL('/path?a=1', 'https://example.com');
    url.searchParams.append('b', '2');
    url.toString();
  },
  stacks() {
    String(new Error('of many').stack);
  },
  'a single call'() {
    inspect(endless, { maxArrayLength: Number.POSITIVE_INFINITY });
  },
};

class Tasks {
  @GracefulTimeout({ marginMs: MARGIN_MS, preempt: true, logger: { error() {}, warn: console.error } })
  async handler(turn: () => void, _context: FakeContext): Promise<void> {
    for (;;) turn();
  }
}

const tasks = new Tasks();

/** Waits for all of these, and returns the names of those that have not come. */
async function findLost(waiting: ReadonlyMap<string, Promise<unknown>>): Promise<string[]> {
  const lost = new Set(waiting.keys());
  const all = [...waiting].map(([name, seen]) => seen.then(() => lost.delete(name)));
  const startedAt = performance.now();
  let isOver = false;
  // Looks at the clock in two ways, because the timers or the immediates may be lost.
  const patience = new Promise<void>((resolve) => {
    for (const again of [setImmediate, (look: () => void) => setTimeout(look, LOST_MS / 10)]) {
      const look = (): void => {
        if (isOver || performance.now() - startedAt > LOST_MS) resolve();
        else again(look);
      };
      look();
    }
  });
  await Promise.race([Promise.all(all), patience]);
  isOver = true;
  return [...lost];
}

async function interruptIn(kind: string): Promise<NodeCodeReport> {
  const startedAt = performance.now();
  const context = new FakeContext(TIME_MS + MARGIN_MS);
  const error: unknown = await tasks.handler(loops[kind] as () => void, context).catch((reason) => reason);
  const endedAfterMs = performance.now() - startedAt;
  const waiting = new Map<string, Promise<unknown>>();
  for (let duration = 1; duration <= DURATIONS; duration++) {
    const timer = new Promise<void>((resolve) => setTimeout(resolve, duration));
    waiting.set(`a timer of ${duration} ms`, timer);
  }
  const stream = new PassThrough();
  const streamed = new Promise<void>((resolve) => stream.on('end', resolve).resume());
  stream.end('data');
  waiting.set('a stream', streamed);
  waiting.set('the signs of life', signsOfLife());
  return {
    kind,
    preempted: error instanceof LambdaTimeoutError && error.preempted,
    blockedAt: error instanceof LambdaTimeoutError ? (error.blockedAt ?? '') : String(error),
    endedAfterMs,
    lost: await findLost(waiting),
  };
}

async function interruptAll(): Promise<void> {
  const kinds = only ? [only] : Object.keys(loops);
  for (let round = 0; round < Number(rounds); round++) {
    console.log(JSON.stringify(await interruptIn(kinds[round % kinds.length] as string)));
  }
}

if (isMainThread && thread === 'worker') {
  new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) }).on('exit', (code) => {
    process.exitCode = code;
  });
} else {
  await interruptAll();
}
