import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { anchorsIn, linksIn } from './markdown.js';
import { filesIn, ROOT, read } from './repository.js';

const documents = ['.', 'docs', 'docs/ja'].flatMap((folder) => filesIn(folder, /\.md$/));

describe('the links', () => {
  for (const document of documents) {
    it(`in ${document} lead to files and chapters that exist`, () => {
      for (const link of linksIn(read(document))) {
        if (link.startsWith('https://')) continue;
        const [path = '', anchor] = decodeURI(link).split('#');
        const target = path === '' ? document : join(dirname(document), path);
        // translations.spec.ts says which translation is missing.
        if (/^ja\/[\w-]+\.md$/.test(path) && !existsSync(join(ROOT, target))) continue;
        expect(existsSync(join(ROOT, target)), link).to.equal(true);
        if (anchor !== undefined) expect([...anchorsIn(read(target))], link).to.include(anchor);
      }
    });
  }

  it('are checked in every document, and found there', () => {
    const somewhere = ['README.md', 'README.ja.md', 'SECURITY.md', 'docs/api.md', 'docs/hooks.md'];
    expect(documents).to.include.members(somewhere);
    const links = ['docs/timeline.svg', 'docs/platforms.md#durable-functions', 'LICENSE'];
    expect(linksIn(read('README.md'))).to.include.members(links);
    expect(linksIn('```ts\n[a](b)\n```\n\n`[c](d)` [e](f)')).to.deep.equal(['f']);
  });

  it('name a chapter as GitHub does', () => {
    const headings = [
      '# `@OnTimeout(a, b)`',
      '## What it *costs*: a_b',
      '## 使い方（例）',
      '## Not-so [here](x)',
    ];
    expect([...anchorsIn([...headings, '## 使い方（例）'].join('\n\n'))]).to.deep.equal([
      'ontimeouta-b',
      'what-it-costs-a_b',
      '使い方例',
      'not-so-here',
      '使い方例-1',
    ]);
  });
});
