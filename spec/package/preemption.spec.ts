import { DIALECTS, FORMATS } from './compilers/build.js';
import { esbuildBuild } from './compilers/esbuild.js';
import { NODE_NEXT, tscBuild } from './compilers/tsc.js';
import { itPrints } from './each-build.js';
import { BLOCKED } from './printed.js';

// The nightly specs cover every other build.
const builds = [
  tscBuild('typescript-7', 'legacy', NODE_NEXT, 'blocked.mts', 'blocked.cts'),
  ...DIALECTS.flatMap((dialect) => FORMATS.map((format) => esbuildBuild('blocked', dialect, format, true))),
];

describe('The installed package with `preempt` (R2, R26)', () => {
  itPrints(builds, BLOCKED, 'interrupts a blocked event loop, and goes on,');
});
