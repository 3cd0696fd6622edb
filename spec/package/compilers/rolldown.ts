import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Build, type Dialect, type Format, fileOf } from './build.js';
import { transpile } from './esbuild.js';

/** The part of Rolldown's interface that is used here. */
interface Rolldown {
  build(options: object): Promise<unknown>;
}

/** Bundles and minifies a fixture. Rolldown compiles only the legacy dialect, so esbuild compiles the standard one first. */
export function rolldownBuild(fixture: string, dialect: Dialect, format: Format): Build {
  const title = `Rolldown, ${fixture}, ${dialect} decorators, ${format}, minified`;
  const file = fileOf(title, format);
  return {
    title,
    outputs: [file],
    make: async (directory) => {
      const { build }: Rolldown = createRequire(join(directory, 'package.json'))('rolldown');
      const input =
        dialect === 'legacy' ? `${fixture}.ts` : await transpile(directory, fixture, dialect, format, title);
      await build({
        cwd: directory,
        input,
        platform: 'node',
        logLevel: 'silent',
        transform: { decorator: { legacy: dialect === 'legacy' } },
        output: { file: join(directory, file), format, minify: true },
      });
    },
  };
}
