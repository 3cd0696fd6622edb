import { statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { LocalLambda } from '../samples/local-lambda/local-lambda.js';
import { type Figure, type Peer, printFigures, save } from './figures.js';
import { describeMachine } from './machine.js';
import { mean, median } from './percentile.js';
import { round } from './table.js';

// Each package around the same handler, bundled and minified as for Lambda, at Lambda's smallest size.
const MEMORY_MB = 128;
const MARGIN_MS = 1000;
/** Until the deadline. Much longer than a first event takes. */
const TIME_MS = 300;
/** Single first events at 128 MB take 3 to 70 ms, since a share of the CPU comes in slices. */
const { STARTS: starts = '41' } = process.env;
const LATER = 2;

const names = ['this package', 'bare handler', '@middy/core', 'p-timeout', 'cockatiel'] as const;
type Name = (typeof names)[number];

interface Times {
  readonly bundleKb: number;
  readonly initMs: number[];
  readonly firstEventMs: number[];
  readonly firstTimeoutMs: number[];
  readonly laterTimeoutMs: number[];
}

const fileOf = (name: Name): string => name.replace('@middy/core', 'middy').replace(' ', '-');

async function bundle(name: Name): Promise<Times> {
  const outfile = join(import.meta.dirname, 'functions', fileOf(name), 'index.cjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'peers', `${fileOf(name)}.js`)],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    logLevel: 'error',
  });
  const bundleKb = statSync(outfile).size / 1000;
  return { bundleKb, initMs: [], firstEventMs: [], firstTimeoutMs: [], laterTimeoutMs: [] };
}

/** One cold start: an event that is answered in time, and some that time out. */
async function start(name: Name, times: Times): Promise<void> {
  const lambda = new LocalLambda({
    taskRoot: join(import.meta.dirname, 'functions', fileOf(name)),
    handler: 'index.handler',
    timeoutMs: MARGIN_MS + TIME_MS,
    memoryMb: MEMORY_MB,
  });
  const { status, durationMs, lines } = await lambda.invoke({ id: 'A-1' });
  if (status !== 'succeeded') throw new Error(`The first event of ${name} has ${status}`);
  const text = lines.map((line) => line.text).join();
  times.initMs.push(Number(/Init Duration: ([\d.]+) ms/.exec(text)?.[1]));
  times.firstEventMs.push(durationMs);
  for (let timeout = 0; timeout <= LATER && name !== 'bare handler'; timeout++) {
    const ended = await lambda.invoke({ id: 'A-1', hangs: true });
    if (ended.status !== 'failed') throw new Error(`A hanging ${name} has ${ended.status}`);
    times[timeout === 0 ? 'firstTimeoutMs' : 'laterTimeoutMs'].push(ended.durationMs - TIME_MS);
  }
  await lambda.close();
}

const all = new Map<Name, Times>();
for (const name of names) all.set(name, await bundle(name));
for (let count = 0; count < Number(starts); count++) {
  for (const [name, times] of all) await start(name, times);
}

function figure(title: string, unit: string, read: (times: Times) => number): Figure {
  const values = [...all].map(([name, times]) => [name, round(read(times), 1)] as const);
  const measured = values.filter(([, value]) => !Number.isNaN(value));
  const { 'this package': ours, ...peers } = Object.fromEntries(measured) as Record<
    'this package' | Peer,
    number
  >;
  return { figure: title, unit, ours, peers };
}

const figures = [
  figure('bundle of the handler, minified', 'kB', ({ bundleKb }) => bundleKb),
  figure(`init phase at ${MEMORY_MB} MB`, 'ms', ({ initMs }) => median(initMs)),
  figure(`first event at ${MEMORY_MB} MB`, 'ms', ({ firstEventMs }) => mean(firstEventMs)),
  figure(`first timeout at ${MEMORY_MB} MB, cut-off to response`, 'ms', ({ firstTimeoutMs }) =>
    mean(firstTimeoutMs),
  ),
  figure(`later timeouts at ${MEMORY_MB} MB, cut-off to response`, 'ms', ({ laterTimeoutMs }) =>
    mean(laterTimeoutMs),
  ),
];
console.log(`${starts} cold starts of each on the local Lambda. ${describeMachine()}`);
printFigures(figures);
save('2-cold-start', { figures });
