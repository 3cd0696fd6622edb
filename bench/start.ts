import { LocalLambda } from '../samples/local-lambda/local-lambda.js';
import { describeMachine } from './machine.js';
import { mean } from './percentile.js';
import { printTable, round } from './table.js';

/** A share of the CPU comes in slices, each 20 ms: single first events at 128 MB take 3 to 70 ms. */
const STARTS = 101;
const TIMEOUT_MS = 10_000;
const MEMORY_MB = [128, 1769];
const MAX_LONGER_MS = 10;

interface Start {
  readonly initMs: number;
  readonly firstEventMs: number;
}

/** Starts a function with the CPU of its memory, as Lambda gives it: all of one in the init phase, a share afterwards. */
async function start(memoryMb: number, preempt: boolean): Promise<Start> {
  const lambda = new LocalLambda({
    taskRoot: import.meta.dirname,
    handler: 'start-handler.handler',
    timeoutMs: TIMEOUT_MS,
    memoryMb,
    env: { PREEMPT: String(preempt) },
  });
  const { status, durationMs, lines } = await lambda.invoke({ id: 'A-1' });
  await lambda.close();
  if (status !== 'succeeded') throw new Error(`The first event has ${status}`);
  const [, initMs] =
    lines
      .map(({ text }) => text)
      .join()
      .match(/Init Duration: ([\d.]+) ms/) ?? [];
  return { initMs: Number(initMs), firstEventMs: durationMs };
}

/** The mean of a figure without and with `preempt`, of as many cold starts of both, taken in turns. */
async function measure(memoryMb: number) {
  const without: Start[] = [];
  const preempting: Start[] = [];
  for (let count = 0; count < STARTS; count++) {
    without.push(await start(memoryMb, false));
    preempting.push(await start(memoryMb, true));
  }
  const meanOf = (starts: readonly Start[], key: keyof Start): number =>
    round(mean(starts.map((start) => start[key])), 1);
  return {
    memoryMb,
    initMs: { without: meanOf(without, 'initMs'), preempting: meanOf(preempting, 'initMs') },
    firstEventMs: {
      without: meanOf(without, 'firstEventMs'),
      preempting: meanOf(preempting, 'firstEventMs'),
    },
  };
}

const figures = [];
for (const memoryMb of MEMORY_MB) figures.push(await measure(memoryMb));

console.log(`Cold starts on the local Lambda, mean of ${STARTS} of each kind. ${describeMachine()}`);
printTable(
  figures.map(({ memoryMb, initMs, firstEventMs }) => ({
    MB: memoryMb,
    'init ms': initMs.without,
    'with `preempt`': initMs.preempting,
    'first event ms': firstEventMs.without,
    '… with `preempt`': firstEventMs.preempting,
  })),
);

for (const { memoryMb, firstEventMs } of figures) {
  const longerMs = round(firstEventMs.preempting - firstEventMs.without, 1);
  if (longerMs <= MAX_LONGER_MS) continue;
  const expected = `at most ${MAX_LONGER_MS} ms longer with \`preempt\` at ${memoryMb} MB, got ${longerMs} ms`;
  console.error(`Expected the first event to take ${expected}. Is the machine idle?`);
  process.exitCode = 1;
}
