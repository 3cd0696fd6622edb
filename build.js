/**
 * Builds the package into `dist` as it is published: for each module system one file of code, since a Lambda function reads
 * it at every cold start, and the declarations, which are the same for both. The specs run what `npm run build` makes, a file
 * for each one of `lib`, of which coverage can be told exactly.
 */
import { execSync } from 'node:child_process';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { buildSync } from 'esbuild';
import './build-thread.js';

const MINIMAL_NODE = 'node20';

rmSync('dist', { recursive: true, force: true });

// Found where `npm run` looks for programs.
execSync('tsc --emitDeclarationOnly', { stdio: 'inherit' });
cpSync('dist/esm', 'dist/cjs', { recursive: true });
writeFileSync('dist/cjs/package.json', '{"type":"commonjs"}\n');

for (const format of ['esm', 'cjs']) {
  buildSync({
    entryPoints: ['lib/index.ts'],
    outfile: `dist/${format}/index.js`,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: MINIMAL_NODE,
    format,
    sourcemap: true,
    logLevel: 'warning',
  });
}
