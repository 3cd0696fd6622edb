import { execFileSync } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Context } from 'aws-lambda';
import { GracefulTimeout, OnTimeout } from 'lambda-graceful-timeout';
import { describeMachine } from './machine.js';
import { median, percentile } from './percentile.js';
import type { Cost } from './preemption-cost.js';
import { printTable, round } from './table.js';

const RUNS = 200;
const MAX_P99_MS = 50;
const MARGIN_MS = 1000;
const TIME_MS = 20;
const IDLE_MS = 5000;
const PROCESSES = 9;

const silent = { error() {}, warn() {} };
const context = { awsRequestId: 'id', getRemainingTimeInMillis: () => MARGIN_MS + TIME_MS } as Context;

class Stuck {
  deadlineAtMs = 0;
  readonly delaysMs: number[] = [];

  @GracefulTimeout({ marginMs: MARGIN_MS, preempt: true, logger: silent })
  async handler(_event: unknown, _context: Context): Promise<void> {
    // Ends late by itself if the interruption does not come. Do not ask for the deadline here: that would give it grace.
    while (performance.now() < this.deadlineAtMs + MARGIN_MS);
  }

  @OnTimeout
  noteDelay(): void {
    this.delaysMs.push(performance.now() - this.deadlineAtMs);
  }
}

async function measureDelays(): Promise<readonly number[]> {
  const stuck = new Stuck();
  for (let run = 0; run < RUNS; run++) {
    stuck.deadlineAtMs = performance.now() + TIME_MS;
    await stuck.handler({}, context).catch(() => {});
  }
  return stuck.delaysMs;
}

async function measureIdleCpuMs(): Promise<number> {
  const before = process.cpuUsage();
  await wait(IDLE_MS);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** What the watchdog adds to a process, measured in turns with and without it. */
function measureCost(): Cost {
  const script = fileURLToPath(new URL('preemption-cost.js', import.meta.url));
  const start = (preempt: boolean): Cost =>
    JSON.parse(execFileSync(process.execPath, [script, `${preempt}`], { encoding: 'utf8' }));
  const pairs = Array.from({ length: PROCESSES }, () => ({ without: start(false), preempting: start(true) }));
  const difference = (key: keyof Cost): number =>
    median(pairs.map(({ without, preempting }) => preempting[key] - without[key]));
  return { definitionMs: difference('definitionMs'), cpuMs: difference('cpuMs'), rssMb: difference('rssMb') };
}

console.log(`From the deadline to the first hook of a blocked loop, ${RUNS} runs. ${describeMachine()}`);
const delaysMs = await measureDelays();
const p99Ms = round(percentile(delaysMs, 99), 1);
printTable([
  {
    'p50 ms': round(percentile(delaysMs, 50), 1),
    'p99 ms': p99Ms,
    'max ms': round(percentile(delaysMs, 100), 1),
  },
]);

const idleCpuMs = await measureIdleCpuMs();
const cost = measureCost();
console.log(`What \`preempt: true\` costs, median of ${PROCESSES} pairs of processes. ${describeMachine()}`);
printTable([
  { '': 'main thread, when the class is defined', cost: `${round(cost.definitionMs, 1)} ms` },
  { '': 'CPU, until the watchdog sleeps', cost: `${round(cost.cpuMs, 0)} ms` },
  { '': 'resident memory', cost: `${round(cost.rssMb, 1)} MB` },
  { '': `CPU in ${IDLE_MS / 1000} idle s after a timeout`, cost: `${round(idleCpuMs, 0)} ms` },
]);

if (delaysMs.length !== RUNS || !(p99Ms <= MAX_P99_MS)) {
  const expected = `${RUNS} runs with a p99 of ${MAX_P99_MS} ms at most`;
  console.error(`Expected ${expected}, got ${delaysMs.length} with ${p99Ms} ms. Is the machine idle?`);
  process.exitCode = 1;
}
