import { everyBuild } from '../package/builds.js';
import { DIALECTS } from '../package/compilers/build.js';
import { BUNDLER, NODE_10, NODE_NEXT, TYPESCRIPTS, tscBuild } from '../package/compilers/tsc.js';
import { itPrints } from '../package/each-build.js';
import { BLOCKED, ORDERS } from '../package/printed.js';

const ES2022_ASSIGNED = `${NODE_NEXT} --useDefineForClassFields false`;
const ES2020_DEFINED = '--module node16 --target es2020 --useDefineForClassFields true';

const compilations = TYPESCRIPTS.flatMap((version) =>
  DIALECTS.flatMap((dialect) => [
    tscBuild(version, dialect, ES2022_ASSIGNED, 'orders.mts', 'orders.cts'),
    tscBuild(version, dialect, ES2020_DEFINED, 'orders.mts', 'orders.cts'),
    tscBuild(version, dialect, BUNDLER, 'orders.mts'),
    // Newer versions warn about this module resolution, or no longer have it.
    ...(version.startsWith('typescript-5') ? [tscBuild(version, dialect, NODE_10, 'orders.ts')] : []),
  ]),
);

describe('The installed package, under every TypeScript (R2)', function () {
  this.timeout('5m');
  itPrints(compilations, ORDERS, 'times out and runs hooks');
});

describe('The installed package with `preempt`, in every build (R2, R26)', function () {
  this.timeout('5m');
  itPrints(everyBuild('blocked'), BLOCKED, 'interrupts a blocked event loop, and goes on,');
});
