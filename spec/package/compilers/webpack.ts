import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Build, type Dialect, type Format, fileOf } from './build.js';
import { transpile } from './esbuild.js';

/** The parts of webpack's interface that are used here. */
type Webpack = (options: object, done: (error: Error | null, stats?: Stats) => void) => unknown;
interface Stats {
  hasErrors(): boolean;
  toString(): string;
}

/** Compiles a fixture with esbuild, then bundles and minifies it with webpack. */
export function webpackBuild(fixture: string, dialect: Dialect, format: Format): Build {
  const title = `webpack, ${fixture}, ${dialect} decorators, ${format}, minified`;
  const filename = fileOf(title, format);
  const isModule = format === 'esm';
  return {
    title,
    outputs: [filename],
    make: async (directory) => {
      const webpack: Webpack = createRequire(join(directory, 'package.json'))('webpack');
      const entry = await transpile(directory, fixture, dialect, format, title);
      const options = {
        context: directory,
        entry: `./${entry}`,
        mode: 'production',
        target: 'node20',
        output: {
          path: directory,
          filename,
          module: isModule,
          library: { type: isModule ? 'module' : 'commonjs2' },
        },
        experiments: { outputModule: isModule },
      };
      await new Promise<void>((resolve, reject) => {
        webpack(options, (error, stats) => {
          if (error || stats?.hasErrors()) reject(error ?? new Error(String(stats)));
          else resolve();
        });
      });
    },
  };
}
