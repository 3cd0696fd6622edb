/**
 * Copies what Stryker changes and runs into a folder of its own. There it finds the older mocha of this package, which its
 * runner needs, and everything else one level up.
 */
import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

rmSync(here('staged'), { recursive: true, force: true });
for (const path of ['dist', 'lib', 'spec', 'package.json', 'tsconfig.json']) {
  cpSync(here(`../${path}`), here(`staged/${path}`), {
    recursive: true,
    filter: (source) => !source.includes('node_modules'),
  });
}
cpSync(here('tsconfig.mutated.json'), here('staged/spec/tsconfig.mutated.json'));
cpSync(here('time-limit.js'), here('staged/time-limit.js'));
