import { join } from 'node:path';
import { expect } from 'chai';
import { buildSync } from 'esbuild';
import { ROOT, read } from './repository.js';

describe('the size of a bundle', () => {
  const { outputFiles } = buildSync({
    entryPoints: [join(ROOT, 'dist/esm/index.js')],
    bundle: true,
    minify: true,
    platform: 'node',
    write: false,
  });
  const bytes = outputFiles.reduce((sum, { contents }) => sum + contents.length, 0);

  for (const document of ['README.md', 'README.ja.md', 'docs/performance.md', 'docs/ja/performance.md']) {
    it(`is what ${document} says`, () => {
      const [, size = ''] = /\b(\d+) kB/.exec(read(document)) ?? [];
      expect(1000 * Number(size)).to.be.closeTo(bytes, 1500);
    });
  }
});
