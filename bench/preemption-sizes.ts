/**
 * From the cut-off of a blocked loop to its first hook, at several sizes of a function, in turns with version 1.0.0. Arguments:
 * how many processes of each, and the folder of another build that takes the place of version 1.0.0.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { CpuGroup } from '../samples/local-lambda/cpu-group.js';
import { describeMachine } from './machine.js';
import { median, percentile } from './percentile.js';
import { printTable, round } from './table.js';

/** The commit of version 1.0.0. */
const COMMIT = 'd89fe35';
const MEMORY_MB = [128, 512, 1769];
const WHOLE_CPU_MB = 1769;
const RUNS = 4;

const [processes = '15', other] = process.argv.slice(2);

/** Builds version 1.0.0 in a folder of its own. */
function buildVersion1(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lambda-graceful-timeout-1.0.0-'));
  const archive = execFileSync('git', ['archive', COMMIT], { maxBuffer: 2 ** 28 });
  execFileSync('tar', ['x', '-C', folder], { input: archive });
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  execFileSync('npm', ['run', 'build:package'], { cwd: folder });
  return folder;
}

interface Delays {
  readonly first: number[];
  readonly later: number[];
}

async function measure(folder: string, memoryMb: number, delays: Delays): Promise<void> {
  const program = fileURLToPath(new URL('preemption-sizes-program.js', import.meta.url));
  const file = pathToFileURL(join(folder, 'dist/esm/index.js')).href;
  const child = spawn(process.execPath, [program, file, String(RUNS)], {
    env: { ...process.env, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb) },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  child.stdout.setEncoding('utf8');
  await once(child.stdout, 'data');
  const group = new CpuGroup();
  group.limit(memoryMb / WHOLE_CPU_MB);
  group.add(child.pid as number);
  child.stdin.end('50');
  const [answer] = await once(child.stdout, 'data');
  await ended;
  group.remove();
  const [first, ...later] = JSON.parse(answer) as [number, ...number[]];
  delays.first.push(first);
  delays.later.push(...later);
}

const before = other ?? buildVersion1();
if (!existsSync(before)) throw new Error(`Expected the folder of a build, got \`${before}\``);
console.log(`From the cut-off of a blocked loop to its first hook. ${describeMachine()}`);
const rows = [];
for (const memoryMb of MEMORY_MB) {
  const now: Delays = { first: [], later: [] };
  const then: Delays = { first: [], later: [] };
  for (let count = 0; count < Number(processes); count++) {
    await measure(resolve('.'), memoryMb, now);
    await measure(before, memoryMb, then);
  }
  for (const which of ['first', 'later'] as const) {
    rows.push({
      MB: memoryMb,
      interruption: which,
      'p50 ms': round(median(now[which]), 0),
      'max ms': round(percentile(now[which], 100), 0),
      '1.0.0 p50 ms': round(median(then[which]), 0),
      ratio: round(median(now[which]) / median(then[which]), 2),
    });
  }
}
printTable(rows);
