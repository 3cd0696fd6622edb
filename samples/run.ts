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
import { bold, cyan, dim, red, yellow } from './paint.js';
import { powertools } from './powertools/sample.js';
import { type ReadableLine, readable } from './readable-line.js';
import { SAMPLE_TIMEOUT_MS, type Sample } from './sample.js';
import { sqsPartialBatch } from './sqs-partial-batch/sample.js';
import { sqsPerRecord } from './sqs-per-record/sample.js';
import { showSample } from './stage.js';
import { streaming } from './streaming/sample.js';
import { describeRuntime, printVerdict } from './verdict.js';
import { without } from './without/sample.js';

const samples = [
  without,
  basic,
  sqsPartialBatch,
  sqsPerRecord,
  checkpointResume,
  http504,
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
  const printNote = (text: string) => print(performance.now() - startedAtMs, cyan(text));
  const printLine = ({ atMs, source, text }: LogLine) => {
    if (text.startsWith('START ')) startedAtMs = performance.now() - atMs;
    if (sample.overlapping && source === 'platform') return;
    print(atMs, source === 'platform' ? dim(readable(text).text) : paintByLevel(readable(text)));
  };
  const verdict = await showSample(sample, {
    onNote: printNote,
    onLine: printLine,
    onLambda: async ({ client }) => {
      if (isTitled) return;
      isTitled = true;
      const timeout = `a timeout of ${SAMPLE_TIMEOUT_MS / 1000} s`;
      console.log(
        `${bold(sample.name)}: ${sample.shows}\n${dim(`${describeRuntime(client)}, ${timeout}`)}\n`,
      );
    },
  });
  console.log();
  printVerdict(sample.name, verdict);
}

function print(atMs: number, text: string): void {
  console.log(`${String(Math.round(atMs)).padStart(6)} ms  ${text}`);
}

function paintByLevel({ level, text }: ReadableLine): string {
  const line = level ? `${level.padEnd(5)} ${text}` : text;
  if (level === 'ERROR') return red(line);
  return level === 'WARN' ? yellow(line) : line;
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
