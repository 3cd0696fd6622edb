import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describeMachine } from './machine.js';
import { median } from './percentile.js';
import { printTable, round } from './table.js';

const RUNS = 21;
const PACKAGES = [
  'lambda-graceful-timeout',
  'reflect-metadata',
  'reflect-metadata/lite',
  '@middy/core',
  '@aws-lambda-powertools/logger',
];

/** Bundles and minifies a package as one would for Lambda, and answers with the file. */
async function bundle(name: string): Promise<string> {
  const outfile = fileURLToPath(new URL(`bundles/${name}.cjs`, import.meta.url));
  const stdin = { contents: `export * as all from '${name}'`, resolveDir: import.meta.dirname };
  await build({ stdin, outfile, bundle: true, minify: true, platform: 'node', logLevel: 'error' });
  return outfile;
}

/** Imports a file in a new process and answers with the time that it took. */
function importMs(file: string): number {
  const script =
    'const start = performance.now(); require(process.argv[1]); console.log(performance.now() - start)';
  return Number(execFileSync(process.execPath, ['-e', script, file], { encoding: 'utf8' }));
}

const candidates = await Promise.all(
  PACKAGES.map(async (name) => ({ name, file: await bundle(name), timesMs: [] as number[] })),
);
for (let run = 0; run < RUNS; run++) {
  for (const { file, timesMs } of candidates) timesMs.push(importMs(file));
}

console.log(`Import, bundled and minified, median of ${RUNS} new processes. ${describeMachine()}`);
printTable(
  candidates.map(({ name, file, timesMs }) => ({
    '': name,
    ms: round(median(timesMs), 1),
    kB: round(statSync(file).size / 1000, 1),
  })),
);
