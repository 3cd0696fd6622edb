import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { run } from '../commands.js';
import { ROOT } from '../project.js';
import { type Build, type Dialect, type Format, fileOf } from './build.js';

const tsconfigOf = (dialect: Dialect) => ({
  compilerOptions: { experimentalDecorators: dialect === 'legacy' },
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

/** Compiles a fixture without bundling it, for a bundler that cannot compile its decorators. */
export async function transpile(
  directory: string,
  fixture: string,
  dialect: Dialect,
  format: Format,
  title: string,
): Promise<string> {
  const outfile = fileOf(`${title}, compiled`, format);
  const tsconfigRaw = tsconfigOf(dialect);
  await bundle(directory, `${fixture}.ts`, { outfile, format, bundle: false, tsconfigRaw });
  return outfile;
}

/** Bundles a fixture and the package into one file. */
export function esbuildBuild(fixture: string, dialect: Dialect, format: Format, minify: boolean): Build {
  const title = `esbuild, ${fixture}, ${dialect} decorators, ${format}${minify ? ', minified' : ''}`;
  const outfile = fileOf(title, format);
  const options = { outfile, format, minify, tsconfigRaw: tsconfigOf(dialect) };
  return { title, outputs: [outfile], make: (directory) => bundle(directory, `${fixture}.ts`, options) };
}

/** Compiles a fixture to CommonJS first, so that the bundle contains the files that `require()` loads. */
export function esbuildOfRequireBuild(fixture: string, dialect: Dialect): Build {
  const title = `esbuild of compiled CommonJS, ${fixture}, ${dialect} decorators, minified`;
  const outfile = fileOf(title, 'cjs');
  return {
    title,
    outputs: [outfile],
    make: async (directory) => {
      const compiled = await transpile(directory, fixture, dialect, 'cjs', title);
      await bundle(directory, compiled, { outfile, format: 'cjs', minify: true });
    },
  };
}

const REQUIRE_IN_MODULE = `import { createRequire } from 'module'; const require = createRequire(import.meta.url);`;

/**
 * The flags that deployment tools pass to esbuild, by default and for an ES module.
 *
 * @see https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_lambda_nodejs.BundlingOptions.html
 * @see https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-using-build-typescript.html
 */
export const DEPLOYMENTS: readonly [tool: string, format: Format, flags: readonly string[]][] = [
  [
    "CDK's NodejsFunction",
    'cjs',
    ['--target=node20', '--platform=node', '--external:@aws-sdk/*', '--external:@smithy/*'],
  ],
  [
    "CDK's NodejsFunction, minified, source map, names kept",
    'esm',
    [
      '--target=node20',
      '--platform=node',
      '--format=esm',
      '--minify',
      '--sourcemap',
      '--external:@aws-sdk/*',
      '--external:@smithy/*',
      '--keep-names',
      `--banner:js=${REQUIRE_IN_MODULE}`,
      '--main-fields=module,main',
    ],
  ],
  ["SAM's BuildMethod esbuild", 'cjs', ['--platform=node', '--target=es2020', '--format=cjs', '--minify']],
  [
    "SAM's BuildMethod esbuild, source map",
    'esm',
    [
      '--platform=node',
      '--minify',
      '--sourcemap',
      '--target=es2022',
      '--format=esm',
      '--main-fields=module,main',
      `--banner:js=${REQUIRE_IN_MODULE}`,
    ],
  ],
];

/** Bundles a fixture with the command line of a deployment tool. */
export function deploymentBuild(
  fixture: string,
  dialect: Dialect,
  ...[tool, format, flags]: (typeof DEPLOYMENTS)[number]
): Build {
  const title = `${tool}, ${fixture}, ${dialect} decorators, ${format}`;
  const outfile = fileOf(title, format);
  const tsconfig = JSON.stringify(tsconfigOf(dialect));
  const args = ['--bundle', `${fixture}.ts`, `--outfile=${outfile}`, `--tsconfig-raw=${tsconfig}`, ...flags];
  return {
    title,
    outputs: [outfile],
    make: (directory) => run(join(ROOT, 'node_modules/.bin/esbuild'), args, directory),
  };
}
