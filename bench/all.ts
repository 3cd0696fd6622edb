// `npm run bench`: each part in a process of its own, one after the other, and what they have found out at the end.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { forget } from './figures.js';

const PARTS = [
  'invocation',
  'overlapping',
  'memory',
  'pending',
  'preemption',
  'import',
  'start',
  'cold-start',
  'summary',
];

forget();
for (const part of PARTS) {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${part}.js`)], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
