import { type Build, DIALECTS, FORMATS } from './compilers/build.js';
import { DEPLOYMENTS, deploymentBuild, esbuildBuild, esbuildOfRequireBuild } from './compilers/esbuild.js';
import { rolldownBuild } from './compilers/rolldown.js';
import { swcBuild } from './compilers/swc.js';
import { BUNDLER, NODE_10, NODE_NEXT, TYPESCRIPTS, tscBuild } from './compilers/tsc.js';
import { webpackBuild } from './compilers/webpack.js';

/** The ways to compile and bundle a fixture. The nightly specs add more options of TypeScript. */
export const everyBuild = (fixture: string): readonly Build[] => [
  ...DIALECTS.flatMap((dialect) => [
    ...TYPESCRIPTS.map((version) =>
      tscBuild(version, dialect, NODE_NEXT, `${fixture}.mts`, `${fixture}.cts`),
    ),
    tscBuild('typescript-7', dialect, BUNDLER, `${fixture}.mts`),
    ...FORMATS.flatMap((format) => [
      esbuildBuild(fixture, dialect, format, false),
      esbuildBuild(fixture, dialect, format, true),
      rolldownBuild(fixture, dialect, format),
      webpackBuild(fixture, dialect, format),
    ]),
    esbuildOfRequireBuild(fixture, dialect),
    ...DEPLOYMENTS.map((deployment) => deploymentBuild(fixture, dialect, ...deployment)),
  ]),
  tscBuild('typescript-5.9', 'legacy', NODE_10, `${fixture}.ts`),
  ...FORMATS.flatMap((format) => [
    swcBuild(fixture, 'legacy', { legacyDecorator: true }, format, true),
    swcBuild(
      fixture,
      'legacy, fields assigned',
      { legacyDecorator: true, useDefineForClassFields: false },
      format,
      false,
    ),
    swcBuild(fixture, 'standard 2022-03', { decoratorVersion: '2022-03' }, format, false),
    swcBuild(fixture, 'standard 2023-11', { decoratorVersion: '2023-11' }, format, true),
  ]),
];
