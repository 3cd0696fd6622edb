import type { Context } from 'aws-lambda';
import { GracefulTimeout } from 'lambda-graceful-timeout';
import { save } from './figures.js';
import { describeMachine } from './machine.js';
import { median } from './percentile.js';
import { printTable, round } from './table.js';

/** What one invocation costs while others are in flight in the same process. */
const OTHERS = [0, 1, 100, 1000, 5000];
const ROUNDS = 15;
const CALLS = 500;
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

/** CPU time of an invocation, the watchdog's included, beside others that wait. */
async function costUs(preempt: boolean, others: number): Promise<number> {
  const lambda = orders(preempt);
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const inFlight = Array.from({ length: others }, (_, index) =>
    lambda.handler(() => ended, contextOf(index)),
  );
  for (let call = 0; call < CALLS; call++) await lambda.handler(nothing, context);
  const before = process.cpuUsage();
  for (let call = 0; call < CALLS; call++) await lambda.handler(nothing, context);
  const { user, system } = process.cpuUsage(before);
  end();
  await Promise.all(inFlight);
  return (user + system) / CALLS;
}

const rows = [];
const goals = [];
for (const preempt of [false, true]) {
  const rounds = OTHERS.map((others) => ({ others, costsUs: [] as number[] }));
  for (let count = 0; count < ROUNDS; count++) {
    for (const { others, costsUs } of rounds) costsUs.push(await costUs(preempt, others));
  }
  const costs = rounds.map(({ others, costsUs }) => ({ others, us: round(median(costsUs), 2) }));
  const suffix = preempt ? ', `preempt`' : '';
  rows.push({
    µs: preempt ? 'with `preempt`' : 'without',
    ...Object.fromEntries(costs.map(({ others, us }) => [`beside ${others || 'none'}`, us])),
  });
  const [alone, ...crowded] = costs;
  for (const { others, us } of crowded) {
    const got = round(us / (alone?.us ?? Number.NaN), 2);
    goals.push({ figure: `an invocation beside ${others} others ÷ alone${suffix}`, goal: MAX_RATIO, got });
  }
}
console.log(`CPU time of one invocation beside others, median of ${ROUNDS} rounds. ${describeMachine()}`);
printTable(rows);
save('4-overlapping', { goals });
