import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { blocksOf } from '../docs/markdown.js';
import { read } from '../docs/repository.js';
import { PACKAGE } from './traced-functions.js';

describe('the examples of docs/telemetry.md', function () {
  this.timeout(30_000);

  it('are complete and compile, in both languages', () => {
    const folder = join(PACKAGE, '.build/examples');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const examples = ['docs/telemetry.md', 'docs/ja/telemetry.md']
      .flatMap((document) => blocksOf(read(document)))
      .filter(({ kind }) => kind === '```ts')
      .map(({ text }) => text.replaceAll('```', '').replace(/^ts\n/, ''));
    expect(examples).to.have.length(4);
    for (const [index, code] of examples.entries()) writeFileSync(join(folder, `${index}.ts`), code);
    const compilerOptions = { noEmit: true, rootDir: '.' };
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: ['.'], exclude: [] }),
    );
    const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
    const { stdout, status } = spawnSync(process.execPath, [join(typescript, 'bin/tsc'), '-p', folder], {
      encoding: 'utf8',
    });
    expect(stdout).to.equal('');
    expect(status).to.equal(0);
  });
});
