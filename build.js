/**
 * Builds the package into `dist` as it is published: for each module system one file of code, since a Lambda function reads
 * it at every cold start, and one of declarations, which has the same text for both. The specs run what `npm run build`
 * makes, a file for each one of `lib`, of which coverage can be told exactly.
 */
import { execSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { buildSync } from 'esbuild';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import './build-thread.js';

const MINIMAL_NODE = 'node20';
const DECLARATIONS = '.build/declarations';

rmSync('dist', { recursive: true, force: true });

// Found where `npm run` looks for programs.
execSync(`tsc --emitDeclarationOnly --outDir ${DECLARATIONS}`, { stdio: 'inherit' });
const declarations = await rollup({
  input: `${DECLARATIONS}/index.d.ts`,
  plugins: [dts()],
  onLog: (_level, { message }) => {
    throw new Error(message);
  },
});

for (const format of ['esm', 'cjs']) {
  await declarations.write({ file: `dist/${format}/index.d.ts`, format: 'esm' });
  buildSync({
    entryPoints: ['lib/index.ts'],
    outfile: `dist/${format}/index.js`,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: MINIMAL_NODE,
    format,
    // Unbundled, Node reads and compiles all of it at every cold start. Names stay, for stacks and `error.constructor.name`.
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: true,
    logLevel: 'warning',
  });
}
await declarations.close();
writeFileSync('dist/cjs/package.json', '{"type":"commonjs"}\n');
