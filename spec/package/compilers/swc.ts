import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Build, type Format, fileOf } from './build.js';

/** The part of SWC's interface that is used here. */
interface Swc {
  transformFile(file: string, options: object): Promise<{ readonly code: string }>;
}

/** Compiles a fixture with SWC. `transform` sets the dialect, and how fields are defined. */
export function swcBuild(
  fixture: string,
  decorators: string,
  transform: object,
  format: Format,
  minify: boolean,
): Build {
  const title = `SWC, ${fixture}, ${decorators} decorators, ${format}${minify ? ', minified' : ''}`;
  const output = fileOf(title, format);
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
      const { code } = await swc.transformFile(join(directory, `${fixture}.ts`), options);
      await writeFile(join(directory, output), code);
    },
  };
}
