/** Blocks the thread again and again, in one place after the other. Prints a report on each time as a line of JSON. */
import { AsyncLocalStorage, AsyncResource, createHook } from 'node:async_hooks';
import { readFile } from 'node:fs';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker } from 'node:worker_threads';
import { Finally, GracefulTimeout, LambdaTimeoutError, OnTimeout } from 'lambda-graceful-timeout';
import { FakeContext } from '../support/context.js';
import { blocks } from './blocks.js';
import { HOOK_PLACES, type MatrixReport, PLACES } from './matrix.js';
import { signsOfLife } from './signs-of-life.js';

const [thread, variant, rounds] = process.argv.slice(2);
const THIS_FILE = fileURLToPath(import.meta.url);

interface Step {
  readonly place?: string;
  readonly block?: string;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const forever = (): Promise<never> => new Promise(() => {});

const cleanUps: (() => Promise<void>)[] = [];

/** The places in which a handler blocks. Hooks call the blocking function themselves. */
const places: Record<string, (block: () => void) => unknown> = {
  'its synchronous start': (block) => block(),
  'a promise': async (block) => {
    await wait(5);
    block();
  },
  'a timer': (block) => setTimeout(block, 5),
  'an interval': (block) => setInterval(block, 5),
  'an immediate': (block) => setImmediate(block),
  'a tick': (block) => process.nextTick(block),
  'a microtask': (block) => queueMicrotask(block),
  'a file callback': (block) => readFile(THIS_FILE, block),
  'a socket callback': (block) => {
    const server = createServer((socket) => socket.end('data')).listen(0, '127.0.0.1', () => {
      const client = connect((server.address() as { port: number }).port, '127.0.0.1').on('data', block);
      cleanUps.push(async () => {
        client.destroy();
        await new Promise((resolve) => server.close(resolve));
      });
    });
  },
  'an AsyncResource in a timer': (block) =>
    setTimeout(() => new AsyncResource('Fixture').runInAsyncScope(block), 5),
};

let unbalanced = 0;
if (variant === 'async_hooks') {
  const running: number[] = [];
  createHook({
    init() {},
    before: (id) => running.push(id),
    after(id) {
      if (running.pop() !== id) unbalanced++;
    },
    destroy() {},
  }).enable();
}

const storage = variant === 'AsyncLocalStorage' ? new AsyncLocalStorage<string>() : undefined;
const within = <Result>(store: string, code: () => Result): Result =>
  storage ? storage.run(store, code) : code();
let wrongStores: string[] = [];
const expectStore = (expected: string | undefined, where: string): void => {
  if (storage && storage.getStore() !== expected) wrongStores.push(`${where}: ${storage.getStore()}`);
};

let ran: string[] = [];
let logged: { level: string; message: string; detail: unknown }[] = [];
const logger = {
  error: (message: string, detail: unknown) => logged.push({ level: 'error', message, detail }),
  warn: (message: string, detail: unknown) => logged.push({ level: 'warn', message, detail }),
};

/** Blocks in a handler or in a hook. */
class Fixture {
  @GracefulTimeout({ marginMs: 3000, preempt: true, logger })
  async handler({ place = '', block = '' }: Step, _context: FakeContext): Promise<string> {
    expectStore('invocation', 'handler');
    if (place === '') return 'in time';
    await places[place]?.(blocks[block] as () => void);
    return forever();
  }

  @GracefulTimeout({ marginMs: 700, reserveMs: 300, preempt: true, logger })
  async handlerThatHangs(_step: Step, _context: FakeContext): Promise<never> {
    return forever();
  }

  @GracefulTimeout({ marginMs: 350, reserveMs: 300, preempt: true, logger })
  async handlerInTime(_step: Step, _context: FakeContext): Promise<void> {}

  @OnTimeout
  protected async report(_error: LambdaTimeoutError, { place, block = '' }: Step): Promise<void> {
    await wait(2);
    expectStore('invocation', 'report');
    ran.push('report');
    if (place === 'an @OnTimeout hook') blocks[block]?.();
  }

  @Finally
  protected async close(_outcome: unknown, { place, block = '' }: Step): Promise<void> {
    await wait(2);
    expectStore('invocation', 'close');
    ran.push('close');
    if (place === 'a @Finally hook') blocks[block]?.();
  }
}

const fixture = new Fixture();

// A handler's deadline comes 60 ms after its start, or 40 or 300 ms; a hook has at most 200 ms.
const invokers: Record<string, (step: Step, context: FakeContext) => Promise<unknown>> = {
  'an @OnTimeout hook': fixture.handlerThatHangs,
  'a @Finally hook': fixture.handlerInTime,
};
const timesMs: Record<string, number> = {
  // On a busy machine a file or a connection takes long, and a handler that has timed out before is not interrupted.
  'a file callback': 3300,
  'a socket callback': 3300,
  'an @OnTimeout hook': 740,
  'a @Finally hook': 500,
};

async function tryOut(place: string, block: string): Promise<MatrixReport> {
  ran = [];
  logged = [];
  wrongStores = [];
  const context = new FakeContext(timesMs[place] ?? 3060);
  const invoke = invokers[place] ?? fixture.handler;
  const reason: unknown = await within('invocation', () =>
    invoke.call(fixture, { place, block }, context).catch((error: unknown) => error),
  );
  const isInTime = context.getRemainingTimeInMillis() > 0;
  expectStore(undefined, 'caller');
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();

  const working = await within('signs', () => signsOfLife(() => expectStore('signs', 'signs of life')));
  const hooks = [...ran];
  const next = await within('invocation', () => fixture.handler({}, new FakeContext(10_000)));
  return {
    place,
    block,
    error: String(reason instanceof LambdaTimeoutError ? reason.name : reason),
    preempted: reason instanceof LambdaTimeoutError && reason.preempted,
    isInTime,
    hooks,
    logged: logged.map(({ level, detail }) => {
      const frames = (detail as LambdaTimeoutError).blockedAt?.split('\n').slice(0, 5);
      return `${level}: ${frames?.join(' < ') ?? 'not blocked'}`;
    }),
    working,
    next,
    wrongStores,
    unbalanced,
    resources: process.getActiveResourcesInfo().sort(),
  };
}

async function tryOutAll(): Promise<void> {
  // The first invocation of a process takes longer to start. 60 ms may be too short for that on a busy machine.
  await fixture.handler({}, new FakeContext(10_000));
  for (let round = 0; round < Number(rounds); round++) {
    for (const block of Object.keys(blocks)) {
      for (const place of [...PLACES, ...HOOK_PLACES]) {
        console.log(JSON.stringify(await tryOut(place, block)));
      }
    }
  }
}

if (isMainThread && thread === 'worker') {
  new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) }).on('exit', (code) => {
    process.exitCode = code;
  });
} else {
  await tryOutAll();
}
