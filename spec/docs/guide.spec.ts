import { basename } from 'node:path';
import { expect } from 'chai';
import { blocksOf, linksIn } from './markdown.js';
import { filesIn, read } from './repository.js';

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
        const [title, opening] = blocksOf(read(page));
        expect(title?.kind).to.equal('#');
        const questions = [title, opening].filter((block) => QUESTION.test(block?.text ?? ''));
        expect(questions, `${title?.text}: ${opening?.text}`).not.to.have.length(0);
      });
    }

    it(`has a link to each page in ${readme}`, () => {
      expect(linksIn(read(readme))).to.include.members([...pages]);
    });
  });
}
