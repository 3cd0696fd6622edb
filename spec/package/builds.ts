import { type Build, DIALECTS, FORMATS } from './compilers/build.js';
import { DEPLOYMENTS, deploymentBuild, esbuildBuild, esbuildOfRequireBuild } from './compilers/esbuild.js';
import { rolldownBuild } from './compilers/rolldown.js';
import { swcBuild } from './compilers/swc.js';
import { BUNDLER, NODE_10, NODE_NEXT, TYPESCRIPTS, tscBuild } from './compilers/tsc.js';
import { webpackBuild } from './compilers/webpack.js';

/** The ways in which a fixture ends up in one small file: what all its names are like afterwards, nobody knows. */
const minifiedBundles = (fixture: string): readonly Build[] =>
  DIALECTS.flatMap((dialect) => [
    ...FORMATS.flatMap((format) => [
      esbuildBuild(fixture, dialect, format, true),
      rolldownBuild(fixture, dialect, format),
      webpackBuild(fixture, dialect, format),
    ]),
    esbuildOfRequireBuild(fixture, dialect),
  ]);

/** All the ways in which the fixture of R2 is compiled. */
export const builds: readonly Build[] = [
  ...DIALECTS.flatMap((dialect) => [
    ...TYPESCRIPTS.map((version) => tscBuild(version, dialect, NODE_NEXT, 'orders.mts', 'orders.cts')),
    tscBuild('typescript-7', dialect, BUNDLER, 'orders.mts'),
    ...FORMATS.map((format) => esbuildBuild('orders', dialect, format, false)),
    ...DEPLOYMENTS.map((deployment) => deploymentBuild('orders', dialect, ...deployment)),
  ]),
  tscBuild('typescript-5.9', 'legacy', NODE_10, 'orders.ts'),
  ...minifiedBundles('orders'),
  ...FORMATS.flatMap((format) => [
    swcBuild('orders', 'legacy', { legacyDecorator: true }, format, true),
    swcBuild(
      'orders',
      'legacy, fields assigned',
      { legacyDecorator: true, useDefineForClassFields: false },
      format,
      false,
    ),
    swcBuild('orders', 'standard 2022-03', { decoratorVersion: '2022-03' }, format, false),
    swcBuild('orders', 'standard 2023-11', { decoratorVersion: '2023-11' }, format, true),
  ]),
];

/** The ways in which the fixture that blocks the event loop is compiled. */
export const preemptingBuilds: readonly Build[] = [
  tscBuild('typescript-7', 'legacy', NODE_NEXT, 'blocked.mts', 'blocked.cts'),
  ...minifiedBundles('blocked'),
];
