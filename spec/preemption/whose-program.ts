/** Lets the watchdog tell whose code blocks the thread, in the scenario that the argument names. Prints a report as JSON. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Finally, GracefulTimeout, OnTimeout } from 'lambda-graceful-timeout';
import { FakeContext } from '../support/context.js';
import { loop } from './blocks.js';

const MARGIN_MS = 3000;
let errorMs = 0;
const warnings: string[] = [];
const logger = {
  error: () => void spin(errorMs),
  warn: (message: string, detail: unknown) => void warnings.push(`${message}: ${detail}`),
};

const forever = (): Promise<never> => new Promise(() => {});

function spin(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

const callers = new AsyncLocalStorage<string>();
const own = new AsyncLocalStorage<string>();

interface Task {
  readonly work: () => unknown;
  readonly hooks: string[];
}

class Tasks {
  @GracefulTimeout({ marginMs: MARGIN_MS, preempt: true, logger })
  async handler({ work }: Task, _context: FakeContext): Promise<unknown> {
    return work();
  }

  @OnTimeout
  protected report(_error: unknown, { hooks }: Task): void {
    hooks.push(`report of ${callers.getStore()}, ${own.getStore()}`);
  }

  @Finally
  protected close(_outcome: unknown, { hooks }: Task): void {
    hooks.push('close');
  }
}

class Records {
  readonly hooks: string[] = [];

  @GracefulTimeout({ marginMs: MARGIN_MS, logger })
  async unwatched(work: () => unknown, _context: FakeContext): Promise<unknown> {
    return work();
  }

  @GracefulTimeout({ marginMs: 10, preempt: true, logger })
  async watched(work: () => unknown, _context: FakeContext): Promise<unknown> {
    return work();
  }

  @GracefulTimeout({ marginMs: MARGIN_MS, preempt: true, logger })
  async withoutContext(work: () => unknown): Promise<unknown> {
    return work();
  }

  @Finally
  protected close(): void {
    this.hooks.push('close of a record');
  }
}

const tasks = new Tasks();

async function invoke(name: string, timeMs: number, work: () => unknown): Promise<unknown> {
  const hooks: string[] = [];
  const context = new FakeContext(timeMs + MARGIN_MS);
  const [outcome] = await callers.run(name, () =>
    Promise.allSettled([tasks.handler({ work, hooks }, context)]),
  );
  const isInTime = context.getRemainingTimeInMillis() > 0;
  if (outcome.status === 'fulfilled') return { value: outcome.value, isInTime, hooks };
  const { name: error, preempted } = outcome.reason;
  return { error, preempted, isInTime, hooks };
}

/** Lets a handler call another decorated method, which blocks. */
async function nest(call: (records: Records, context: FakeContext) => unknown): Promise<unknown> {
  const records = new Records();
  const outer = await invoke('outer', 60, () => call(records, new FakeContext(60 + 2 * MARGIN_MS)));
  await new Promise((resolve) => setTimeout(resolve, 20));
  return { outer, next: await invoke('next', 5000, () => 'served'), ofRecords: records.hooks };
}

const scenarios: Record<string, () => Promise<unknown>> = {
  /** A middleware of another request computes across a deadline. */
  async 'what wraps another handler'() {
    const expired = invoke('expired', 60, forever);
    const answered = await new Promise((resolve) => {
      setTimeout(() => {
        spin(200);
        resolve('answered');
      }, 20);
    });
    return { answered, expired: await expired };
  },

  /** The logger of one takes its time across the deadline of another. */
  async 'a logger across a deadline'() {
    errorMs = 150;
    const [first, second] = await Promise.all([invoke('A', 60, forever), invoke('B', 120, forever)]);
    return { first, second };
  },

  /** The context of the steps must not keep the attempt that was interrupted. */
  async 'a slow logger after an interruption'() {
    errorMs = 1500;
    return { blocked: await invoke('A', 60, () => own.run('handler', loop)) };
  },

  'a record without `preempt`': () => nest((records, context) => records.unwatched(loop, context)),
  'a record with a smaller margin': () => nest((records, context) => records.watched(loop, context)),
  'a record without a context': () => nest((records) => records.withoutContext(loop)),
};

console.log(JSON.stringify({ ...((await scenarios[process.argv[2] ?? '']?.()) as object), warnings }));
