import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { expect } from 'chai';
import { type Block, chaptersOf } from './markdown.js';
import { filesIn, ROOT, read } from './repository.js';

/** The pages of the guide, without `api.md`, which is generated. */
const PAGES = filesIn('docs', /\.md$/).filter((page) => page !== 'docs/api.md');

const LINK = /\]\(([^)#]*)[^)]*\)/g;
const CODE = /`[^`]+`/g;

/** Each document with its translation. */
const TRANSLATIONS = [
  ['README.md', 'README.ja.md'],
  ...PAGES.map((page) => [page, page.replace('docs/', 'docs/ja/')] as const),
] as const;

/** The code in a text, and the targets of its links without their anchors and their language. */
function references(document: string, text: string): readonly string[] {
  const links = [...text.matchAll(LINK)].map(([, target = '']) => {
    if (target === '' || target.startsWith('https://')) return target;
    const path = posix.join(posix.dirname(document), target);
    return path.replace('.ja.', '.').replace('docs/ja/', 'docs/');
  });
  const code = text.replaceAll(LINK, '').match(CODE) ?? [];
  return [...new Set([...links, ...code])].sort();
}

const numbers = (text: string): readonly string[] => {
  const prose = text.replaceAll(LINK, '').replaceAll(CODE, '');
  return prose.match(/\d+(?:\.\d+)?/g) ?? [];
};

/** A code block without its comments and strings, which a translation may translate. */
const bareCode = ({ kind, text }: Block): string =>
  kind.startsWith('```ts') ? text.replaceAll(/'[^']*'|(?<!`)`(?!`)[^`]*`|\/\/.*$/gm, '') : text;

for (const [original, document] of TRANSLATIONS) {
  describe(document, () => {
    const english = chaptersOf(read(original));
    const translated = existsSync(join(ROOT, document)) ? chaptersOf(read(document)) : [];

    it(`has a chapter for each one of ${original}`, () => {
      expect(translated).to.have.length(english.length);
    });

    for (const [index, chapter] of english.entries()) {
      describe(`on \`${chapter[0]?.text}\``, () => {
        const translation = translated[index] ?? [];

        it('has the same headings, paragraphs, items, rows and code blocks', () => {
          expect(translation.map(({ kind }) => kind)).to.deep.equal(chapter.map(({ kind }) => kind));
        });

        it('mentions the same code and links, and each number', () => {
          for (const [place, { kind, text }] of chapter.entries()) {
            const own = translation[place]?.text;
            if (own === undefined) throw new Error(`Not translated: ${text}`);
            if (kind.startsWith('```')) continue;
            expect(references(document, own), own).to.deep.equal(references(original, text));
            expect(numbers(own), own).to.include.members(numbers(text));
          }
        });

        it('shows the same code, with comments and strings of its own', () => {
          const code = (blocks: readonly Block[]): readonly string[] =>
            blocks.filter(({ kind }) => kind.startsWith('```')).map(bareCode);
          expect(code(translation)).to.deep.equal(code(chapter));
        });
      });
    }
  });
}

describe('README.ja.md', () => {
  it('has the picture of README.md, with texts of its own', () => {
    const drawing = (path: string): string => read(path).replaceAll(/(?<=<(?:text|title)\b[^>]*>)[^<]*/g, '');
    expect(drawing('docs/timeline.ja.svg')).to.equal(drawing('docs/timeline.svg'));
  });
});
