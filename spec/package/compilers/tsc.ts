import { join } from 'node:path';
import { run } from '../commands.js';
import { type Build, type Dialect, folderOf } from './build.js';

export const TYPESCRIPTS = ['typescript-7', 'typescript-6', 'typescript-5.9', 'typescript-5.4'] as const;
/** Those that must read the declarations. Standard decorators have their metadata only from 5.2 on. */
export const READING_TYPESCRIPTS = [...TYPESCRIPTS, 'typescript-5.0'] as const;
type TypeScript = (typeof READING_TYPESCRIPTS)[number];

/** Node's own modules. */
export const NODE_NEXT = '--module nodenext --target es2022';
/** Modules for a bundler. Other than above, fields are assigned, and imports stay as they are written. */
export const BUNDLER =
  '--module esnext --moduleResolution bundler --target es2022 --useDefineForClassFields false --verbatimModuleSyntax';
/** The options of the oldest projects. The newest compiler does not accept them any more. */
export const NODE_10 = '--module commonjs --moduleResolution node10 --target es2020';

const CHECKS = '--strict --skipLibCheck false --exactOptionalPropertyTypes --isolatedModules'.split(' ');

/** Runs one of the TypeScript compilers, with all options on its command line. */
export const tsc = (directory: string, version: TypeScript, ...args: string[]): Promise<string> =>
  run(process.execPath, [`../project/node_modules/${version}/bin/tsc`, ...CHECKS, ...args], directory);

/** Compiles sources with tsc: `.mts` to an ES module, `.cts` to CommonJS. */
export function tscBuild(
  version: TypeScript,
  dialect: Dialect,
  options: string,
  ...sources: string[]
): Build {
  const title = `${version}, ${dialect} decorators, ${options.replaceAll('--', '')}`;
  const folder = folderOf(title);
  const args = ['--lib', 'es2022', '--types', 'node', '--outDir', folder, ...options.split(' ')];
  if (dialect === 'legacy') args.push('--experimentalDecorators');
  return {
    title,
    outputs: sources.map((source) => join(folder, source.replace(/ts$/, 'js'))),
    make: (directory) => tsc(directory, version, ...args, ...sources),
  };
}
