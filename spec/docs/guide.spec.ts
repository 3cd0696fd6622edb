import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { blocksOf, linksIn } from './markdown.js';
import { filesIn, ROOT, read } from './repository.js';

/** What fits into ten minutes of reading. */
const MAX_LINES = 200;

/** Each README with its pages, without `api.md`, which is generated. */
const GUIDES = [
  { readme: 'README.md', folder: 'docs' },
  { readme: 'README.ja.md', folder: 'docs/ja' },
].map(({ readme, folder }) => ({
  readme,
  pages: filesIn(folder, /\.md$/).filter((page) => basename(page) !== 'api.md'),
}));

const linesOf = (document: string): number => read(document).split('\n').length - 1;

/** Ends in a question mark of either language, or as a Japanese question without a question mark. */
const QUESTION = /(?:[?？]|か。)\**\s*$/;

for (const { readme, pages } of GUIDES) {
  describe(`the guide of ${readme}`, () => {
    for (const document of [readme, ...pages]) {
      it(`has at most ${MAX_LINES} lines in ${document}`, () => {
        expect(linesOf(document)).to.be.at.most(MAX_LINES);
      });
    }

    for (const page of pages) {
      it(`opens ${page} with the question that it answers`, () => {
        // The title, the links to the README and to the other language, and the question.
        const openings = blocksOf(read(page)).slice(0, 3);
        expect(openings[0]?.kind).to.equal('#');
        const questions = openings.filter(({ text }) => QUESTION.test(text));
        expect(questions, openings.map(({ text }) => text).join('\n')).not.to.have.length(0);
      });
    }

    it(`has a link to each page in ${readme}`, () => {
      expect(linksIn(read(readme))).to.include.members([...pages]);
    });
  });
}

/** The lines of code that a page of GitHub shows without a scroll bar. */
const MAX_COLUMNS = 95;

describe('the tables of samples', () => {
  const samples = readdirSync(join(ROOT, 'samples')).filter((name) =>
    existsSync(join(ROOT, 'samples', name, 'sample.ts')),
  );

  for (const [page, root] of [
    ['docs/platforms.md', '..'],
    ['docs/ja/platforms.md', '../..'],
  ] as const) {
    it(`have a row for each sample in ${page}`, () => {
      const rows = linksIn(read(page)).filter((link) => link.startsWith(`${root}/samples/`));
      expect(rows).to.include.members(samples.map((name) => `${root}/samples/${name}/handler.ts`));
    });
  }
});

describe('the pages of the guide', () => {
  /** In the order of the table in the README, without those that are not written to be read one after the other. */
  const pages = linksIn(read('README.md'))
    .slice(linksIn(read('README.md')).indexOf('docs/outcomes.md#words') - 1)
    .filter((link) => /^docs\/(?!api|internals)[\w-]+\.md$/.test(link));

  for (const [index, page] of pages.entries()) {
    it(`lead from ${page} to the README, to its translation and to the next page`, () => {
      const [, way, ...rest] = blocksOf(read(page));
      const name = basename(page);
      expect(linksIn(way?.text ?? '')).to.deep.equal(['../README.md', `ja/${name}`]);
      const last = rest.at(-1)?.text ?? '';
      expect(last).to.match(/^\*\*Next:\*\* /);
      expect(linksIn(last)[0]).to.equal(basename(pages[index + 1] ?? 'docs/api.md'));
    });

    it(`lead from the translation of ${page} to the Japanese README, to the original and to the next page`, () => {
      const name = basename(page);
      const [, way, ...rest] = blocksOf(read(`docs/ja/${name}`));
      expect(linksIn(way?.text ?? '')).to.deep.equal(['../../README.ja.md', `../${name}`]);
      const last = rest.at(-1)?.text ?? '';
      expect(last).to.match(/^\*\*次へ:\*\* /);
      const next = pages[index + 1];
      expect(linksIn(last)[0]).to.equal(next === undefined ? '../api.md' : basename(next));
    });
  }

  for (const document of ['README.md', ...pages, 'docs/api.md']) {
    it(`have no line of code over ${MAX_COLUMNS} characters in ${document}`, () => {
      const code = blocksOf(read(document)).filter(({ kind }) => kind.startsWith('```ts'));
      const lines = code.flatMap(({ text }) => text.split('\n'));
      expect(lines.filter((line) => line.length > MAX_COLUMNS)).to.deep.equal([]);
    });
  }
});
