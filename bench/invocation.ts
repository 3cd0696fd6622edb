import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { printFigures, save } from './figures.js';
import { describeMachine } from './machine.js';
import { median } from './percentile.js';
import { printTable, round } from './table.js';

const MAX_PREEMPT_COST_US = 10;
const ROUNDS = 9;

const script = join(import.meta.dirname, 'invocation-case.js');
const run = <Result>(...args: string[]): Result =>
  JSON.parse(execFileSync(process.execPath, [script, ...args], { encoding: 'utf8' }));

/** In turns, so that what drifts is in all of them. */
const rounds = run<string[]>().map((name) => ({ name, costsUs: [] as number[] }));
for (let count = 0; count < ROUNDS; count++) {
  for (const { name, costsUs } of rounds) costsUs.push(run<number>(name));
}
const timesUs = Object.fromEntries(rounds.map(({ name, costsUs }) => [name, median(costsUs)]));
const timeOf = (name: string): number => timesUs[name] ?? Number.NaN;

const MIDDY = '@middy/core, early timeout';
const FLOOR = 'floor: one promise, timer, async context';

console.log(`CPU time of an invocation, median of ${ROUNDS} processes of each. ${describeMachine()}`);
printTable(
  Object.entries(timesUs).map(([name, us]) => ({
    '': name,
    µs: round(us, 2),
    '× middy': round(us / timeOf(MIDDY), 2),
    '× floor': round(us / timeOf(FLOOR), 2),
  })),
);

const ours = timeOf('this package');
const figures = [
  {
    figure: 'an invocation in time',
    unit: 'µs',
    ours: round(ours, 2),
    peers: {
      'bare handler': round(timeOf('bare async method'), 2),
      '@middy/core': round(timeOf(MIDDY), 2),
      'p-timeout': round(timeOf('p-timeout'), 2),
      cockatiel: round(timeOf('cockatiel, timeout policy'), 2),
    },
  },
];
printFigures(figures);
save('1-invocation', {
  figures,
  goals: [
    ['an invocation without hooks ÷ middy', 1, ours / timeOf(MIDDY)] as const,
    ['… ÷ the floor', 1.25, ours / timeOf(FLOOR)] as const,
    ['… with a sync @Finally ÷ without', 1.3, timeOf('this package, a sync @Finally') / ours] as const,
    ['… with an async @Finally ÷ without', 1.7, timeOf('this package, an async @Finally') / ours] as const,
  ].map(([figure, goal, got]) => ({ figure, goal, got: round(got, 2) })),
});

const preemptCostUs = timeOf('this package, preempt: true') - timeOf('this package');
console.log(
  `preempt: true costs ${preemptCostUs.toFixed(2)} µs more, of ${MAX_PREEMPT_COST_US} µs allowed.\n`,
);
if (!(preemptCostUs <= MAX_PREEMPT_COST_US)) {
  console.error('`preempt: true` is too slow: measure again on an idle machine, then see lib/watchdog.');
  process.exitCode = 1;
}
