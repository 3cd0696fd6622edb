import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { dialect } from '../support/dialect.js';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const filesIn = (folder: string, extension: string): string[] =>
  readdirSync(join(root, folder), { encoding: 'utf8', recursive: true })
    .filter((name) => name.endsWith(extension) && !name.includes('node_modules'))
    .map((name) => `${folder}/${name}`);

/** The API reference repeats the docstrings. The examples of telemetry need packages that only their own specs have. */
const pages = filesIn('docs', '.md').filter((name) => !/\/(api|telemetry)\.md$/.test(name));
const sources = ['README.md', 'README.ja.md', ...pages, ...filesIn('lib', '.ts')];

/** The TypeScript blocks of a file. Those in docstrings lose the ` * ` at the start of each line. */
const codeBlocks = (text: string): string[] =>
  [...text.matchAll(/^( \* )?```ts\n([\s\S]*?)^\1```$/gm)].map(([, margin, code]) =>
    margin ? (code as string).replaceAll(/^ \* ?/gm, '') : (code as string),
  );

/** Powertools' own decorators exist in the legacy dialect only. */
const needsLegacy = (code: string): boolean => code.includes('@logger.');

describe('the examples of the READMEs, the guide and the docstrings', function () {
  this.timeout(60_000);

  it('are complete and compile in both dialects', () => {
    const folder = join(root, '.build', `examples-${dialect}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const files = sources.flatMap((source) =>
      codeBlocks(readFileSync(join(root, source), 'utf8'))
        .filter((code) => dialect === 'legacy' || !needsLegacy(code))
        .map((code, index) => ({ name: `${source.replaceAll('/', '-')}-${index + 1}.ts`, code })),
    );
    for (const { name, code } of files) writeFileSync(join(folder, name), code);
    const compilerOptions = {
      noEmit: true,
      rootDir: '../..',
      experimentalDecorators: dialect === 'legacy',
      // The declarations of middy import those of the durable execution SDK, which do not compile with it.
      exactOptionalPropertyTypes: false,
      // Stricter than users are: it forbids `process.env.MARGIN_MS`.
      noPropertyAccessFromIndexSignature: false,
    };
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: ['.'] }),
    );

    expect(files.map(({ name }) => name)).to.include.members([
      'README.md-1.ts',
      'README.ja.md-1.ts',
      'docs-deadline.md-1.ts',
      'lib-deadline-current-deadline.ts-1.ts',
    ]);
    for (const { code } of files) expect(code).to.match(/from 'lambda-graceful-timeout'/);
    const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
    const { stdout, status } = spawnSync(process.execPath, [join(typescript, 'bin/tsc'), '-p', folder], {
      encoding: 'utf8',
    });
    expect(stdout).to.equal('');
    expect(status).to.equal(0);
  });
});
