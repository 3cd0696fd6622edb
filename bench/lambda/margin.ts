// `npm run bench:lambda`: how long it takes from the deadline until the caller has its answer, on the local Lambda.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { canLimitCpu } from '../../samples/local-lambda/cpu-group.js';
import { LocalLambda } from '../../samples/local-lambda/local-lambda.js';
import { describeMachine } from '../machine.js';
import { median, percentile } from '../percentile.js';
import { printTable } from '../table.js';
import { ENDINGS, type Ending } from './endings.js';

const MEMORY_MB = [128, 256, 512, 1024, 1769];
/** The numbers of hooks, and the heads of their columns. */
const HOOKS = [
  [0, 'no hook'],
  [1, '1 hook'],
  [3, '3 hooks'],
] as const;
const { PROCESSES: processes = 50, LATER: later = 4 } = process.env;
/** Processes for each cell of the table, and invocations of each after its first one. */
const PROCESSES = Number(processes);
const LATER = Number(later);
/** Much longer than any invocation takes, so that none is killed. */
const MARGIN_MS = 10_000;
/** Long enough for a handler to begin, which takes long with a small share of a CPU. */
const deadlineMs = (memoryMb: number): number => Math.round(150 + 30 * (1769 / memoryMb));
/** More processes at a time would compete for the CPU while they start. */
const MAX_AT_A_TIME = 4;

interface Delays {
  readonly first: number[];
  readonly later: number[];
}

/** The tables of docs/margins.md, and the sentences above them. */
const TABLES: Readonly<Record<keyof Delays, string>> = {
  first: 'In the first invocation of a process, right after its cold start:',
  later: 'In any later invocation:',
};

/** Answers every call of the AWS SDK at once. */
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(200, { 'Content-Type': 'application/x-amz-json-1.0' }).end('{}');
  });
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;

const here = dirname(fileURLToPath(import.meta.url));
const taskRoot = join(here, 'function');
await build({
  entryPoints: [join(here, 'handlers.js')],
  outfile: join(taskRoot, 'handlers.cjs'),
  bundle: true,
  platform: 'node',
  format: 'cjs',
});

/** One process: its first invocation, and some more. */
async function run(memoryMb: number, ending: Ending, hooks: number, delays: Delays): Promise<void> {
  const lambda = new LocalLambda({
    taskRoot,
    handler: `handlers.hooks${hooks}`,
    timeoutMs: deadlineMs(memoryMb) + MARGIN_MS,
    memoryMb,
    env: {
      MARGIN_MS: String(MARGIN_MS),
      PREEMPT: String(ending === 'blocks'),
      ENDPOINT: `http://127.0.0.1:${port}`,
    },
  });
  for (let invocation = 0; invocation <= LATER; invocation++) {
    const { durationMs, error, lines } = await lambda.invoke({ ending });
    const text = lines.map((line) => line.text).join('\n');
    if (/ failed | was abandoned | before it was called/.test(text))
      throw new Error(`This was not to be:\n${text}`);
    if (error?.errorType !== 'LambdaTimeoutError') {
      console.error(`Killed, invocation ${invocation} at ${memoryMb} MB: ${text}`);
      process.exitCode = 1;
    }
    delays[invocation === 0 ? 'first' : 'later'].push(durationMs - deadlineMs(memoryMb));
  }
  await lambda.close();
}

async function measure(memoryMb: number, ending: Ending, hooks: number): Promise<Delays> {
  const delays: Delays = { first: [], later: [] };
  const halfOfTheCpus = availableParallelism() / 2;
  const atATime = Math.min(MAX_AT_A_TIME, Math.max(1, Math.floor(halfOfTheCpus / (memoryMb / 1769))));
  let left = PROCESSES;
  const runAll = async (): Promise<void> => {
    while (left-- > 0) await run(memoryMb, ending, hooks, delays);
  };
  await Promise.all(Array.from({ length: atATime }, runAll));
  return delays;
}

const figures = (delaysMs: readonly number[]): string =>
  `${Math.round(median(delaysMs))} / ${Math.round(percentile(delaysMs, 99))}`;

if (!canLimitCpu()) {
  console.error('Without the share of the CPU of each memory size, the figures would say nothing.');
  process.exit(1);
}
const runs = `${PROCESSES} first invocations a cell, ${PROCESSES * LATER} later ones`;
console.log(`From the deadline to the answer, in ms, p50 / p99 of ${runs}. ${describeMachine()}`);
const rows: Readonly<Record<keyof Delays, Record<string, string>[]>> = { first: [], later: [] };
for (const memoryMb of MEMORY_MB) {
  for (const ending of ENDINGS) {
    const cells = new Map<number, Delays>();
    for (const [hooks] of HOOKS) cells.set(hooks, await measure(memoryMb, ending, hooks));
    for (const which of ['first', 'later'] as const) {
      const columns = HOOKS.map(([hooks, head]) => [head, figures(cells.get(hooks)?.[which] ?? [])]);
      rows[which].push({ size: `${memoryMb} MB`, ending, ...Object.fromEntries(columns) });
      console.error(which, Object.values(rows[which].at(-1) ?? {}).join('  '));
    }
  }
}
for (const which of ['first', 'later'] as const) {
  console.log(TABLES[which]);
  printTable(rows[which]);
}
console.log(describeMachine());
server.closeAllConnections();
server.close();
