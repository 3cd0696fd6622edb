// `npm run sample -- <name>`: shows one sample on the local Lambda.
import { performance } from 'node:perf_hooks';
import { basic } from './basic/sample.js';
import { cancelDownstream } from './cancel-downstream/sample.js';
import { checkpointResume } from './checkpoint-resume/sample.js';
import { cpuBound } from './cpu-bound/sample.js';
import { database } from './database/sample.js';
import { http504 } from './http-504/sample.js';
import type { LogLine } from './local-lambda/invocation.js';
import { managedInstances } from './managed-instances/sample.js';
import { opentelemetry } from './opentelemetry/sample.js';
import { bold, cyan, dim, type Paint, plain, red, yellow } from './paint.js';
import { powertools } from './powertools/sample.js';
import { type ReadableLine, readable } from './readable-line.js';
import { SAMPLE_TIMEOUT_MS, type Sample } from './sample.js';
import { sqsPartialBatch } from './sqs-partial-batch/sample.js';
import { sqsPerRecord } from './sqs-per-record/sample.js';
import { showSample } from './stage.js';
import { streaming } from './streaming/sample.js';
import { describeRuntime, printVerdict } from './verdict.js';
import { webFramework } from './web-framework/sample.js';
import { without } from './without/sample.js';
import { outputWidth, wrap } from './wrap.js';

const samples = [
  without,
  basic,
  sqsPartialBatch,
  sqsPerRecord,
  checkpointResume,
  http504,
  webFramework,
  streaming,
  cancelDownstream,
  powertools,
  opentelemetry,
  database,
  cpuBound,
  managedInstances,
];

async function run(sample: Sample): Promise<void> {
  let startedAtMs = performance.now();
  let isTitled = false;
  const printNote = (text: string) => print(performance.now() - startedAtMs, text, cyan);
  const printLine = ({ atMs, source, text }: LogLine) => {
    if (text.startsWith('START ')) startedAtMs = performance.now() - atMs;
    if (sample.overlapping && source === 'platform') return;
    const line = readable(text);
    if (source === 'platform') print(atMs, line.text, dim);
    else print(atMs, line.level ? `${line.level.padEnd(5)} ${line.text}` : line.text, painterOf(line));
  };
  const verdict = await showSample(sample, {
    onNote: printNote,
    onLine: printLine,
    onLambda: async ({ client }) => {
      if (isTitled) return;
      isTitled = true;
      const timeout = `a timeout of ${SAMPLE_TIMEOUT_MS / 1000} s`;
      const [first = '', ...others] = wrap(`${sample.name}: ${sample.shows}`);
      console.log(bold(sample.name) + first.slice(sample.name.length));
      for (const line of [...others, dim(`${describeRuntime(client)}, ${timeout}`), '']) console.log(line);
    },
  });
  console.log();
  printVerdict(sample.name, verdict);
}

function print(atMs: number, text: string, paint: Paint): void {
  const offset = `${String(Math.round(atMs)).padStart(6)} ms  `;
  const [first = '', ...others] = wrap(text, outputWidth() - offset.length);
  console.log(offset + paint(first));
  for (const line of others) console.log(' '.repeat(offset.length) + paint(line));
}

function painterOf({ level }: ReadableLine): Paint {
  if (level === 'ERROR') return red;
  return level === 'WARN' ? yellow : plain;
}

const name = process.argv[2];
const sample = samples.find((candidate) => candidate.name === name);
if (sample) await run(sample);
else {
  console.error(name === undefined ? 'Which sample?' : `There is no sample named \`${name}\`.`);
  console.error('\n  npm run sample -- <name>\n');
  for (const { name, shows } of samples) console.error(`  ${name.padEnd(18)} ${shows}`);
  process.exitCode = 1;
}
