/** Changes something that the watchdog relies on, and blocks a handler. Prints a report as a line of JSON. */
import { Session } from 'node:inspector';
import vm from 'node:vm';
import { Finally, GracefulTimeout, LambdaTimeoutError } from 'lambda-graceful-timeout';
import { FakeContext } from '../support/context.js';
import { loop } from './blocks.js';

const MARGIN_MS = 2000;
const EVENTS = ['uncaughtException', 'uncaughtExceptionMonitor', 'unhandledRejection'];

const [scenario = ''] = process.argv.slice(2);

const warnings: string[] = [];
const logger = {
  error() {},
  warn: (_message: string, detail: unknown) => void warnings.push(String(detail)),
};

/** Blocks the thread until a warning has been logged, and a little longer. */
function loopUntilWarned(): void {
  let endMs = performance.now() + 10_000;
  while (warnings.length === 0 && performance.now() < endMs);
  endMs = performance.now() + 100;
  while (performance.now() < endMs);
}

/** Changes a property, until the returned function is called. */
function replace(object: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { value, configurable: true, writable: true });
  return () => {
    Reflect.deleteProperty(object, name);
    if (before) Object.defineProperty(object, name, before);
  };
}

const fail = (): never => {
  throw new Error('no look today');
};

/** Ways to make a look fail, until the returned function is called. */
const failures: Record<string, () => () => void> = {
  'the trace'() {
    const { captureStackTrace } = Error;
    // Fails only for the look, because the package's own errors take their stack in the same way.
    return replace(Error, 'captureStackTrace', (trace: object, below?: () => unknown) =>
      below?.name === '#look' ? fail() : captureStackTrace(trace, below),
    );
  },
  'the session': () => replace(Session.prototype, 'connect', fail),
};

const changes: Record<string, () => unknown> = {
  'a frozen Error': () => Object.freeze(Error),
  'a read-only prepareStackTrace': () =>
    Object.defineProperty(Error, 'prepareStackTrace', { value: undefined, writable: false }),
  'a read-only stackTraceLimit': () => Object.defineProperty(Error, 'stackTraceLimit', { writable: false }),
  'no stackTraceLimit': () => Reflect.deleteProperty(Error, 'stackTraceLimit'),
  'domain before': () => import('node:domain'),
  'no word of the end'() {
    const { post } = Session.prototype as {
      post: (this: Session, method: string, ...more: unknown[]) => void;
    };
    Session.prototype.post = function (this: Session, method: string, ...more: unknown[]) {
      post.call(this, method, ...(method === 'Runtime.terminateExecution' ? [] : more));
    };
  },
  'a capture callback': () => process.setUncaughtExceptionCaptureCallback(() => {}),
};

await changes[scenario]?.();

class Tasks {
  hooks = 0;

  @GracefulTimeout({ marginMs: MARGIN_MS, preempt: true, logger })
  async handler(work: () => unknown, _context: unknown): Promise<unknown> {
    return work();
  }

  @Finally
  protected close(): void {
    this.hooks++;
  }
}

if (scenario === 'domain after') await import('node:domain');
// Now, because awaits are slower as soon as a domain has been made.
if (scenario.startsWith('domains')) (await import('node:domain')).create();

const tasks = new Tasks();

/** Invokes a handler that does this work and has this much time until its deadline. Returns how it ended. */
async function invoke(timeMs: number, work: () => unknown): Promise<unknown> {
  const [outcome] = await Promise.allSettled([tasks.handler(work, new FakeContext(timeMs + MARGIN_MS))]);
  if (outcome.status === 'fulfilled') return outcome.value;
  return outcome.reason instanceof LambdaTimeoutError
    ? { name: outcome.reason.name, preempted: outcome.reason.preempted }
    : String(outcome.reason);
}

const properties = (): string =>
  JSON.stringify([
    ...EVENTS.map((event) => process.listenerCount(event)),
    process.hasUncaughtExceptionCaptureCallback(),
    Boolean((process as { domain?: unknown }).domain),
    ...['prepareStackTrace', 'stackTraceLimit'].map((name) => [
      Object.hasOwn(Error, name),
      String(Reflect.get(Error, name)),
    ]),
  ]);

/** The shortest time that some awaits take. Awaits are slow while an async hook is enabled. */
async function timeAwaits(): Promise<number> {
  let bestMs = Infinity;
  for (let round = 0; round < 20; round++) {
    const startedAt = performance.now();
    for (let index = 0; index < 20_000; index++) await null;
    bestMs = Math.min(bestMs, performance.now() - startedAt);
  }
  return bestMs;
}

async function block(code: () => void): Promise<unknown> {
  const before = properties();
  const awaitsMs = await timeAwaits();
  const blocked = await invoke(100, code);
  const again = await invoke(100, () => new Promise(() => setTimeout(code)));
  const slowdown = (await timeAwaits()) / awaitsMs;
  return { blocked, again, isAsBefore: properties() === before, slowdown, warnings, hooks: tasks.hooks };
}

async function failToLook(mend: () => void): Promise<unknown> {
  const before = properties();
  const awaitsMs = await timeAwaits();
  const missed = await invoke(100, () => new Promise(() => setTimeout(loopUntilWarned)));
  const slowdown = (await timeAwaits()) / awaitsMs;
  const isAsBefore = properties() === before;
  mend();
  const blocked = await invoke(100, () => new Promise(() => setTimeout(loop)));
  return { missed, blocked, isAsBefore, slowdown, warnings, hooks: tasks.hooks };
}

/** Runs a script that `vm` ends after a second. */
function runScript(): string {
  try {
    return String(vm.runInThisContext('for (;;);', { timeout: 1000 }));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? '';
  }
}

/** A termination of `vm` strikes the look, before it can find out whose code is running. */
async function strikeLook(invokeAll: () => Promise<unknown>): Promise<unknown> {
  const before = properties();
  const { captureStackTrace } = Error;
  let strikes = 0;
  const restore = replace(Error, 'captureStackTrace', (trace: object, below?: () => unknown) => {
    if (below?.name === '#look' && strikes++ === 0) for (;;);
    captureStackTrace(trace, below);
  });
  const blocked = await invokeAll();
  restore();
  return { blocked, again: await invoke(100, loop), strikes, isAsBefore: properties() === before, warnings };
}

const strikes: Record<string, () => Promise<unknown>> = {
  'a termination by others': () =>
    invoke(100, () => {
      runScript();
      loop();
    }),
  'a termination by others in the code of another invocation': () =>
    Promise.all([invoke(100, () => new Promise(() => {})), invoke(5000, runScript)]),
};

function fall(): void {
  try {
    fall();
  } finally {
    fall();
  }
}

/** Goes to the limit of the stack and back again, forever. */
function fallAgainAndAgain(): void {
  const fallOnce = (): void => {
    try {
      fallOnce();
    } catch {
      // Up again.
    }
  };
  for (;;) fallOnce();
}

const blocks: Record<string, () => void> = {
  'recursion again and again': fallAgainAndAgain,
  'domains with listeners, one in the other'() {
    const { create } = process.getBuiltinModule('node:domain');
    const enter = (code: () => void): void => void create().on('error', console.error).run(code);
    enter(() => enter(loop));
  },
};

async function run(): Promise<unknown> {
  if (scenario === 'recursion without end') return invoke(100, fall);
  // Before anything is measured: the first use of an AsyncLocalStorage slows down every await on Node 20 and 22.
  await invoke(5000, () => {});
  const strike = strikes[scenario];
  if (strike) return strikeLook(strike);
  const failure = failures[scenario];
  if (failure) return failToLook(failure());
  return block(blocks[scenario] ?? loop);
}

console.log(JSON.stringify(await run()));
