import { readFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { expect } from 'chai';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { run } from './commands.js';
import { project, ROOT } from './project.js';

const PACKAGE = 'node_modules/lambda-graceful-timeout';

describe('The tarball', () => {
  let packedFiles: readonly string[];
  let tarball: string;
  let installed: string;

  before(async () => {
    let bareDirectory: string;
    ({ packedFiles, tarball, bareDirectory } = await project());
    installed = join(bareDirectory, PACKAGE);
  });

  const read = (path: string): Promise<string> => readFile(join(installed, path), 'utf8');

  it('contains the compiled files and the documents, and nothing else', async () => {
    const compiled = ['dist/esm', 'dist/cjs'].flatMap((folder) =>
      ['index.js', 'index.js.map', 'index.d.ts'].map((file) => posix.join(folder, file)),
    );
    const others = [
      'CHANGELOG.md',
      'LICENSE',
      'README.ja.md',
      'README.md',
      'dist/cjs/package.json',
      'package.json',
    ];
    expect(packedFiles).to.have.members([...compiled, ...others]);
  });

  it('contains source maps with their sources', async () => {
    const modules = packedFiles.filter((path) => path.endsWith('.js'));
    expect(modules).not.to.have.length(0);
    for (const path of modules) {
      const map = /\/\/# sourceMappingURL=(.+)/.exec(await read(path))?.[1] ?? 'none';
      const { sources, sourcesContent } = JSON.parse(await read(join(dirname(path), map)));
      expect(sourcesContent, path).to.have.length(sources.length);
      for (const content of sourcesContent) expect(content, path).to.be.a('string').that.is.not.empty;
    }
  });

  it('installs reflect-metadata and no other package', async () => {
    const { bareDirectory } = await project();
    const lock = JSON.parse(await readFile(join(bareDirectory, 'package-lock.json'), 'utf8'));
    expect(lock.packages).to.have.all.keys('', PACKAGE, 'node_modules/reflect-metadata');
  });

  it('has the same bytes each time that it is packed', async () => {
    const { pack } = await project();
    expect((await readFile(tarball)).equals(await readFile(await pack('again')))).to.equal(true);
  });

  it('has no install scripts, and its dependencies have none', async () => {
    const { scripts } = JSON.parse(await read('package.json'));
    expect(scripts).not.to.have.any.keys('preinstall', 'install', 'postinstall', 'prepublish', 'prepare');
    const { bareDirectory } = await project();
    const { packages } = JSON.parse(await readFile(join(bareDirectory, 'package-lock.json'), 'utf8'));
    const withScripts = Object.keys(packages).filter((path) => packages[path].hasInstallScript);
    expect(withScripts).to.deep.equal([]);
  });

  it('passes publint', async () => {
    const { buffer } = new Uint8Array(await readFile(tarball));
    const { messages, pkg } = await publint({ strict: true, pack: { tarball: buffer } });
    expect(messages.map((message) => formatMessage(message, pkg))).to.deep.equal([]);
  });

  it('has correct types that every module resolution finds', async () => {
    const args = [
      join(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js'),
      tarball,
      '--format',
      'json',
    ];
    const { problems, analysis } = JSON.parse(await run(process.execPath, args, ROOT));
    expect(problems).to.deep.equal({});
    expect(analysis.entrypoints['.'].resolutions).to.have.all.keys(
      'node10',
      'node16-cjs',
      'node16-esm',
      'bundler',
    );
  });
});
