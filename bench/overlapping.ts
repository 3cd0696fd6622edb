import type { Context } from 'aws-lambda';
import { GracefulTimeout } from 'lambda-graceful-timeout';
import { save } from './figures.js';
import { describeMachine } from './machine.js';
import { median } from './percentile.js';
import { printTable, round } from './table.js';

/** What one invocation costs while others are in flight in the same process. */
const OTHERS = [0, 1, 100, 1000, 5000];
const ROUNDS = 31;
const CALLS = 200;
const MAX_RATIO = 2;

const endsAtMs = Date.now() + 900_000;
const context = { getRemainingTimeInMillis: () => endsAtMs - Date.now() } as Context;

/** Overlapping invocations have deadlines of their own, as on Lambda Managed Instances. */
const contextOf = (index: number): Context =>
  ({ getRemainingTimeInMillis: () => endsAtMs + 10 * index - Date.now() }) as Context;

function orders(preempt: boolean) {
  class Orders {
    @GracefulTimeout({ marginMs: 1000, preempt })
    async handler(work: () => Promise<void>, _context: Context): Promise<void> {
      await work();
    }
  }
  return new Orders();
}

const nothing = async (): Promise<void> => {};

async function costUs(preempt: boolean, others: number): Promise<number> {
  const lambda = orders(preempt);
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const inFlight = Array.from({ length: others }, (_, index) =>
    lambda.handler(() => ended, contextOf(index)),
  );
  const timesUs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now();
    for (let call = 0; call < CALLS; call++) await lambda.handler(nothing, context);
    timesUs.push(((performance.now() - startMs) * 1000) / CALLS);
  }
  end();
  await Promise.all(inFlight);
  return median(timesUs);
}

const rows = [];
const goals = [];
for (const preempt of [false, true]) {
  await costUs(preempt, 0); // warms up
  const costs: number[] = [];
  for (const others of OTHERS) costs.push(round(await costUs(preempt, others), 2));
  const [alone = Number.NaN] = costs;
  rows.push({
    '': preempt ? 'with `preempt`' : 'without',
    ...Object.fromEntries(
      OTHERS.map((others, index) => [`beside ${others || 'none'}`, costs[index] as number]),
    ),
  });
  for (const [index, cost] of costs.entries()) {
    if (index === 0) continue;
    const figure = `an invocation beside ${OTHERS[index]} others ÷ alone${preempt ? ', `preempt`' : ''}`;
    goals.push({ figure, goal: MAX_RATIO, got: round(cost / alone, 2) });
  }
}
console.log(`One invocation beside others, µs, median of ${ROUNDS} rounds. ${describeMachine()}`);
printTable(rows);
save('4-overlapping', { goals });
