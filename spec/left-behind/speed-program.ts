/** Prints how much slower an `await` is after a timeout than before it, and how many async hooks have stayed enabled. */
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { currentDeadline, GracefulTimeout } from 'lambda-graceful-timeout';
import type { Report } from './speed.js';

const require = createRequire(import.meta.url);

const MARGIN_MS = 60_000;
const BATCHES = 500;
const AWAITS = 3000;
const PAUSE_AFTER = 20;

class Orders {
  @GracefulTimeout({ marginMs: MARGIN_MS, logger: { error() {}, warn() {} } })
  async handler(isInTime: boolean, _context: unknown): Promise<void> {
    if (!isInTime) await currentDeadline().race(new Promise(() => {}));
  }
}

function invoke(isInTime: boolean, deadlineMs: number): Promise<void> {
  const hardDeadlineMs = performance.now() + MARGIN_MS + deadlineMs;
  const context = { getRemainingTimeInMillis: () => hardDeadlineMs - performance.now() };
  return new Orders().handler(isInTime, context).catch(() => {});
}

/** The best of many short batches, with pauses, because other processes disturb most of them, and for some time each. */
async function measure(): Promise<number> {
  let bestMs = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < BATCHES; batch++) {
    if (batch % PAUSE_AFTER === 0) await sleep(10);
    const startMs = performance.now();
    for (let count = 0; count < AWAITS; count++) await null;
    bestMs = Math.min(bestMs, performance.now() - startMs);
  }
  return bestMs;
}

/** Node's own list of them, which AsyncLocalStorage uses up to Node 22. */
const countHooks = (): number => require('internal/async_hooks').getHookArrays()[0].length;

await invoke(true, 1000); // from here on AsyncLocalStorage is in use
await measure();
const [beforeMs, hooks] = [await measure(), countHooks()];
await invoke(false, 20);
const afterMs = await measure();
console.log(JSON.stringify({ slower: afterMs / beforeMs, hooks: countHooks() - hooks } satisfies Report));
