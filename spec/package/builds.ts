import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { run } from './commands.js';

/** A way to compile a fixture, and the programs that come out of it. */
export interface Build {
  readonly title: string;
  readonly outputs: readonly string[];
  readonly make: (directory: string) => Promise<unknown>;
}

type Compiler = 'typescript-7' | 'typescript-5';
type Dialect = (typeof DIALECTS)[number];
type Format = (typeof FORMATS)[number];

export const COMPILERS: readonly Compiler[] = ['typescript-7', 'typescript-5'];
export const DIALECTS = ['legacy', 'standard'] as const;
const FORMATS = ['esm', 'cjs'] as const;

export const NODE_NEXT = '--module nodenext --target es2022';
const BUNDLER = '--module esnext --moduleResolution bundler --target es2022';
const NODE_10 = '--module commonjs --moduleResolution node10 --target es2020';

/** Calls one of a project's TypeScript compilers, which is told everything on its command line. */
export function tsc(directory: string, compiler: Compiler, ...args: string[]): Promise<string> {
  const checks = ['--strict', '--skipLibCheck', 'false'];
  return run(
    process.execPath,
    [`../project/node_modules/${compiler}/bin/tsc`, ...checks, ...args],
    directory,
  );
}

/** Compiles sources with tsc; from `.mts` comes an ES module, from `.cts` CommonJS. */
export function tscBuild(compiler: Compiler, dialect: Dialect, options: string, ...sources: string[]): Build {
  const title = `${compiler}, ${dialect} decorators, ${options.replaceAll('--', '')}`;
  const folder = title.replaceAll(/\W+/g, '-');
  const args = ['--types', 'node', '--outDir', folder, ...options.split(' ')];
  if (dialect === 'legacy') args.push('--experimentalDecorators');
  return {
    title,
    outputs: sources.map((source) => join(folder, source.replace(/ts$/, 'js'))),
    make: (directory) => tsc(directory, compiler, ...args, ...sources),
  };
}

const extensionOf = (format: Format): string => (format === 'esm' ? '.mjs' : '.cjs');

/** Bundles the fixture and the package into one file. */
function esbuildBuild(dialect: Dialect, format: Format, minify: boolean): Build {
  const title = `esbuild, ${dialect} decorators, ${format}${minify ? ', minified' : ''}`;
  const outfile = `${title.replaceAll(/\W+/g, '-')}${extensionOf(format)}`;
  return {
    title,
    outputs: [outfile],
    make: (directory) => bundle(directory, 'orders.ts', { outfile, format, minify, ...inDialect(dialect) }),
  };
}

/** Bundles what `require()` gets: the fixture has been compiled to CommonJS before. */
function esbuildOfRequireBuild(dialect: Dialect): Build {
  const title = `esbuild of compiled CommonJS, ${dialect} decorators, minified`;
  const name = title.replaceAll(/\W+/g, '-');
  return {
    title,
    outputs: [`${name}.cjs`],
    make: async (directory) => {
      const compiled = `${name}.compiled.cjs`;
      await bundle(directory, 'orders.ts', {
        outfile: compiled,
        format: 'cjs',
        bundle: false,
        ...inDialect(dialect),
      });
      await bundle(directory, compiled, { outfile: `${name}.cjs`, format: 'cjs', minify: true });
    },
  };
}

const inDialect = (dialect: Dialect) => ({
  tsconfigRaw: { compilerOptions: { experimentalDecorators: dialect === 'legacy' } },
});

/** Calls esbuild as a Lambda project does. */
export const bundle = (directory: string, source: string, options: esbuild.BuildOptions) =>
  esbuild.build({
    absWorkingDir: directory,
    entryPoints: [source],
    bundle: true,
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
    ...options,
  });

/** The part of SWC's interface that is used here. */
interface Swc {
  transformFile(file: string, options: object): Promise<{ readonly code: string }>;
}

/** Compiles the fixture with SWC; `transform` tells it the dialect. */
function swcBuild(decorators: string, transform: object, format: Format, minify: boolean): Build {
  const title = `SWC, ${decorators} decorators, ${format}${minify ? ', minified' : ''}`;
  const output = `${title.replaceAll(/\W+/g, '-')}${extensionOf(format)}`;
  const options = {
    configFile: false,
    swcrc: false,
    minify,
    module: { type: format === 'esm' ? 'es6' : 'commonjs' },
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform,
      minify: { mangle: minify && { toplevel: true }, compress: minify },
    },
  };
  return {
    title,
    outputs: [output],
    make: async (directory) => {
      const swc: Swc = createRequire(join(directory, 'package.json'))('@swc/core');
      const { code } = await swc.transformFile(join(directory, 'orders.ts'), options);
      await writeFile(join(directory, output), code);
    },
  };
}

/** All the ways in which the fixture of R2 is compiled. */
export const builds: readonly Build[] = [
  ...COMPILERS.flatMap((compiler) =>
    DIALECTS.map((dialect) => tscBuild(compiler, dialect, NODE_NEXT, 'orders.mts', 'orders.cts')),
  ),
  tscBuild('typescript-7', 'legacy', BUNDLER, 'orders.mts'),
  tscBuild('typescript-7', 'standard', BUNDLER, 'orders.mts'),
  tscBuild('typescript-5', 'standard', BUNDLER, 'orders.mts'),
  tscBuild('typescript-5', 'legacy', NODE_10, 'orders.ts'),
  ...DIALECTS.flatMap((dialect) => [
    ...FORMATS.flatMap((format) => [
      esbuildBuild(dialect, format, false),
      esbuildBuild(dialect, format, true),
    ]),
    esbuildOfRequireBuild(dialect),
  ]),
  ...FORMATS.flatMap((format) => [
    swcBuild('legacy', { legacyDecorator: true }, format, true),
    swcBuild('standard 2022-03', { decoratorVersion: '2022-03' }, format, false),
    swcBuild('standard 2023-11', { decoratorVersion: '2023-11' }, format, true),
  ]),
];
