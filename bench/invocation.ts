import { AsyncLocalStorage } from 'node:async_hooks';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { TimeoutStrategy, timeout } from 'cockatiel';
import { Finally, GracefulTimeout } from 'lambda-graceful-timeout';
import { bench, run } from 'mitata';
import pTimeout from 'p-timeout';
import { printFigures, save } from './figures.js';
import { describeMachine } from './machine.js';
import { printTable, round } from './table.js';

const MAX_PREEMPT_COST_US = 10;
const LONG_MS = 60_000;

const endsAtMs = Date.now() + 15 * LONG_MS;
const context = {
  awsRequestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
  getRemainingTimeInMillis: () => endsAtMs - Date.now(),
} as Context;
const event = { id: 'A-1' };
type Event = typeof event;

class Bare {
  async handler({ id }: Event, _context: Context): Promise<string> {
    return id;
  }
}

class Guarded {
  @GracefulTimeout(1000)
  async handler({ id }: Event, _context: Context): Promise<string> {
    return id;
  }
}

class WithSyncHook {
  @GracefulTimeout(1000)
  async handler({ id }: Event, _context: Context): Promise<string> {
    return id;
  }

  @Finally
  close(): void {}
}

class WithAsyncHook {
  @GracefulTimeout(1000)
  async handler({ id }: Event, _context: Context): Promise<string> {
    return id;
  }

  @Finally
  async close(): Promise<void> {}
}

class Preempting {
  @GracefulTimeout({ marginMs: 1000, preempt: true })
  async handler({ id }: Event, _context: Context): Promise<string> {
    return id;
  }
}

const bare = new Bare();

const storage = new AsyncLocalStorage<Event>();

/** The minimum that ends a handler in time and that its code can find: one promise, one timer, one async context. */
const floor = (): Promise<string> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(reject, LONG_MS);
    const result = storage.run(event, () => bare.handler(event, context));
    result.then((value) => {
      clearTimeout(timer);
      resolve(value);
    }, reject);
  });

const { signal } = new AbortController();
const withMiddy = middy(bare.handler, { timeoutEarlyInMillis: 1000 });
const policy = timeout(LONG_MS, TimeoutStrategy.Aggressive);
const call = (lambda: Bare) => () => lambda.handler(event, context);

// The other packages first: up to Node 22 the first use of an AsyncLocalStorage slows down every promise.
const cases = {
  'bare async method': call(bare),
  '@middy/core, early timeout': () => withMiddy(event, context, { signal }),
  'p-timeout': () => pTimeout(bare.handler(event, context), { milliseconds: LONG_MS }),
  'cockatiel, timeout policy': () => policy.execute(() => bare.handler(event, context)),
  'floor: one promise, timer, async context': floor,
  'this package': call(new Guarded()),
  'this package, a sync @Finally': call(new WithSyncHook()),
  'this package, an async @Finally': call(new WithAsyncHook()),
  'this package, preempt: true': call(new Preempting()),
};
type Case = keyof typeof cases;

for (const [name, code] of Object.entries(cases)) bench(name, code);
const { benchmarks } = await run({ format: 'quiet', throw: true });
const timesUs = Object.fromEntries(
  benchmarks.map(({ alias, runs }) => [alias, (runs[0]?.stats?.avg ?? Number.NaN) / 1000]),
) as Record<Case, number>;

console.log(`Per invocation, mean of a warm loop, garbage collection included. ${describeMachine()}`);
printTable(
  Object.entries(timesUs).map(([name, us]) => ({
    '': name,
    µs: round(us, 2),
    '× middy': round(us / timesUs['@middy/core, early timeout'], 2),
    '× floor': round(us / timesUs['floor: one promise, timer, async context'], 2),
  })),
);

const ours = timesUs['this package'];
const figures = [
  {
    figure: 'an invocation in time',
    unit: 'µs',
    ours: round(ours, 2),
    peers: {
      'bare handler': round(timesUs['bare async method'], 2),
      '@middy/core': round(timesUs['@middy/core, early timeout'], 2),
      'p-timeout': round(timesUs['p-timeout'], 2),
      cockatiel: round(timesUs['cockatiel, timeout policy'], 2),
    },
  },
];
printFigures(figures);
save('1-invocation', {
  figures,
  goals: [
    ['an invocation without hooks ÷ middy', 1, ours / timesUs['@middy/core, early timeout']] as const,
    ['… ÷ the floor', 1.25, ours / timesUs['floor: one promise, timer, async context']] as const,
    ['… with a sync @Finally ÷ without', 1.3, timesUs['this package, a sync @Finally'] / ours] as const,
    ['… with an async @Finally ÷ without', 1.7, timesUs['this package, an async @Finally'] / ours] as const,
  ].map(([figure, goal, got]) => ({ figure, goal, got: round(got, 2) })),
});

const preemptCostUs = timesUs['this package, preempt: true'] - timesUs['this package'];
console.log(
  `preempt: true costs ${preemptCostUs.toFixed(2)} µs more, of ${MAX_PREEMPT_COST_US} µs allowed.\n`,
);
if (!(preemptCostUs <= MAX_PREEMPT_COST_US)) {
  console.error('`preempt: true` is too slow: measure again on an idle machine, then see lib/watchdog.');
  process.exitCode = 1;
}
