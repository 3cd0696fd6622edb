import { expect } from 'chai';
import { type Block, chaptersOf } from './markdown.js';
import { read } from './repository.js';

const LINK = /\]\(([^)#]*)[^)]*\)/g;
const CODE = /`[^`]+`/g;

/** Code, and where links lead, but for their anchors. */
function references(text: string): readonly string[] {
  const links = [...text.matchAll(LINK)].map(([, target]) => (target as string).replace('.ja.', '.'));
  const code = text.replaceAll(LINK, '').match(CODE) ?? [];
  return [...new Set([...links, ...code])].sort();
}

const numbers = (text: string): readonly string[] => {
  const prose = text.replaceAll(LINK, '').replaceAll(CODE, '');
  return prose.match(/\d+(?:\.\d+)?/g) ?? [];
};

/** A code block without its comments and strings, which a translation may translate. */
const bareCode = ({ kind, text }: Block): string =>
  kind === '```ts' ? text.replaceAll(/'[^']*'|(?<!`)`(?!`)[^`]*`|\/\/.*$/gm, '') : text;

describe('README.ja.md', () => {
  const english = chaptersOf(read('README.md'));
  const japanese = chaptersOf(read('README.ja.md'));

  it('has a chapter for each one of README.md', () => {
    expect(japanese).to.have.length(english.length);
  });

  for (const [index, chapter] of english.entries()) {
    describe(`on \`${chapter[0]?.text}\``, () => {
      const translation = japanese[index] ?? [];

      it('has the same headings, paragraphs, items, rows and code blocks', () => {
        expect(translation.map(({ kind }) => kind)).to.deep.equal(chapter.map(({ kind }) => kind));
      });

      it('mentions the same code and links, and each number', () => {
        for (const [place, block] of chapter.entries()) {
          const translated = translation[place];
          if (!translated) throw new Error(`Not translated: ${block.text}`);
          if (block.kind.startsWith('```')) continue;
          expect(references(translated.text), translated.text).to.deep.equal(references(block.text));
          expect(numbers(translated.text), translated.text).to.include.members(numbers(block.text));
        }
      });

      it('shows the same code, with comments and strings of its own', () => {
        const code = (blocks: readonly Block[]): readonly string[] =>
          blocks.filter(({ kind }) => kind.startsWith('```')).map(bareCode);
        expect(code(translation)).to.deep.equal(code(chapter));
      });
    });
  }

  it('has the picture of README.md, with texts of its own', () => {
    const drawing = (path: string): string => read(path).replaceAll(/(?<=<(?:text|title)\b[^>]*>)[^<]*/g, '');
    expect(drawing('docs/timeline.ja.svg')).to.equal(drawing('docs/timeline.svg'));
  });
});
