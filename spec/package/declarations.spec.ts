import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { DIALECTS } from './compilers/build.js';
import { READING_TYPESCRIPTS, tsc } from './compilers/tsc.js';
import { project } from './project.js';

const PUBLIC = [
  'Deadline',
  'Finally',
  'FinallyDecorator',
  'GracefulTimeout',
  'GracefulTimeoutDecorator',
  'GracefulTimeoutOptions',
  'LambdaTimeoutError',
  'OnTimeout',
  'OnTimeoutDecorator',
  'OnTimeoutOptions',
  'PendingOperation',
  'TimeoutLogger',
  'currentDeadline',
];

describe('The declarations of the package', () => {
  const read = async (format: string): Promise<string> => {
    const { bareDirectory } = await project();
    return readFile(
      join(bareDirectory, `node_modules/lambda-graceful-timeout/dist/${format}/index.d.ts`),
      'utf8',
    );
  };

  it('export the public names and no others (R1)', async () => {
    const lists = [...(await read('esm')).matchAll(/^export (?:type )?\{ (.*) \};$/gm)];
    const names = lists.flatMap(([, list = '']) => list.split(', '));
    expect(names).to.have.members(PUBLIC);
  });

  it('import nothing, so that users need no package of types for them', async () => {
    const text = (await read('esm')).replaceAll(/\/\*[\s\S]*?\*\//g, '');
    expect(text).not.to.match(/\bimport\b|\brequire\b|<reference|NodeJS/);
  });

  it('are the same for both module systems', async () => {
    expect(await read('cjs')).to.equal(await read('esm'));
  });

  for (const version of READING_TYPESCRIPTS) {
    for (const dialect of DIALECTS) {
      it(`name the types of decorators that others export, with ${version}, ${dialect} decorators (R4)`, async () => {
        const { directory, bareDirectory } = await project();
        const outDir = `declared-${version}-${dialect}`;
        const flags = dialect === 'legacy' ? ['--experimentalDecorators'] : [];
        const emit = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--outDir', outDir];
        await tsc(bareDirectory, version, '--project', '.', ...emit, ...flags);
        const declared = ['mts', 'cts'].map((extension) =>
          join(bareDirectory, outDir, `presets.d.${extension}`),
        );
        for (const file of declared) {
          const text = await readFile(file, 'utf8');
          expect(text).to.include('=> import("lambda-graceful-timeout").GracefulTimeoutDecorator;');
          expect(text).not.to.match(/\bany\b/);
        }
        // In another folder: newer compilers refuse files on their command line where there is a `tsconfig.json`.
        const options = '--noEmit --module nodenext --target es2022 --lib es2022,dom --typeRoots none'.split(
          ' ',
        );
        await tsc(directory, version, ...options, ...flags, ...declared);
      });
    }
  }
});
