import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { save } from './figures.js';
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

/** Bundles and minifies a package as for Lambda, and returns the file. */
async function bundle(name: string): Promise<string> {
  const outfile = fileURLToPath(new URL(`bundles/${name}.cjs`, import.meta.url));
  const stdin = { contents: `export * as all from '${name}'`, resolveDir: import.meta.dirname };
  await build({ stdin, outfile, bundle: true, minify: true, platform: 'node', logLevel: 'error' });
  return outfile;
}

/**
 * Loads something in a new process and returns the CPU time that it took: other programs may run on this machine. Node's
 * own HTTP is there already, as in a runtime client.
 */
function loadMs(type: 'commonjs' | 'module', load: string): number {
  const http = type === 'module' ? `await import('node:http')` : `require('node:http')`;
  const script = `${http}; const before = process.cpuUsage(); ${load}; const { user, system } = process.cpuUsage(before);
    console.log((user + system) / 1000)`;
  const args = [`--input-type=${type}`, '-e', script];
  return Number(execFileSync(process.execPath, args, { encoding: 'utf8', cwd: import.meta.dirname }));
}

const bundles = await Promise.all(
  PACKAGES.map(async (name) => ({ name, file: await bundle(name), timesMs: [] as number[] })),
);
/** As they are installed, not bundled. The second one is for comparison. */
const modules = [['lambda-graceful-timeout'], ['@middy/core', 'reflect-metadata/lite']].map((names) => ({
  name: names.join(' + '),
  load: names.map((name) => `await import('${name}')`).join('; '),
  timesMs: [] as number[],
}));
for (let run = 0; run < RUNS; run++) {
  for (const { file, timesMs } of bundles) {
    timesMs.push(loadMs('commonjs', `require(${JSON.stringify(file)})`));
  }
  for (const { load, timesMs } of modules) timesMs.push(loadMs('module', load));
}

console.log(
  `CPU time of the import, bundled and minified, median of ${RUNS} new processes. ${describeMachine()}`,
);
printTable(
  bundles.map(({ name, file, timesMs }) => ({
    '': name,
    ms: round(median(timesMs), 1),
    kB: round(statSync(file).size / 1000, 1),
  })),
);
console.log('As it is installed, imported as ECMAScript modules.');
printTable(modules.map(({ name, timesMs }) => ({ '': name, ms: round(median(timesMs), 1) })));

const [ours = Number.NaN, theirs = Number.NaN] = modules.map(({ timesMs }) => median(timesMs));
const bytes = statSync(bundles[0]?.file ?? '').size;
save('3-import', {
  goals: [
    {
      figure: 'import, unbundled ÷ (middy + reflect-metadata/lite)',
      goal: 0.7,
      got: round(ours / theirs, 2),
    },
    { figure: 'bundle, minified, with reflect-metadata, bytes', goal: 48_000, got: bytes },
  ],
});
