import { AsyncLocalStorage } from 'node:async_hooks';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { TimeoutStrategy, timeout } from 'cockatiel';
import { Finally, GracefulTimeout } from 'lambda-graceful-timeout';
import pTimeout from 'p-timeout';

// Run by invocation.ts, in a process of its own for each case: up to Node 22 the first use of an AsyncLocalStorage slows down
// every promise of the process.
const WARM_UP_CALLS = 20_000;
const MEASURED_MS = 400;
const CALLS = 1000;
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

const cases: Record<string, () => unknown> = {
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

async function repeat(code: () => unknown, calls: number): Promise<void> {
  for (let call = 0; call < calls; call++) await code();
}

/** CPU time and not time, since other programs may run on this machine. Garbage collection is in it. */
async function costUs(code: () => unknown): Promise<number> {
  await repeat(code, WARM_UP_CALLS);
  const endsAtMs = performance.now() + MEASURED_MS;
  const before = process.cpuUsage();
  let calls = 0;
  for (; performance.now() < endsAtMs; calls += CALLS) await repeat(code, CALLS);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

const { [process.argv[2] ?? '']: code } = cases;
console.log(JSON.stringify(code ? await costUs(code) : Object.keys(cases)));
