import { expect } from 'chai';
import { type Block, chaptersOf } from './markdown.js';
import { read } from './repository.js';

/** What a translation has to mention as well: code, numbers and where links lead, but for anchors. */
function mentions({ kind, text }: Block): readonly string[] {
  if (kind.startsWith('```')) return [];
  const links = [...text.matchAll(/\]\(([^()#\s]+)/g)].map(([, target]) =>
    (target as string).replace('.ja.', '.'),
  );
  const prose = text.replaceAll(/\]\([^)]*\)/g, '');
  const code = prose.match(/`[^`]+`/g) ?? [];
  const numbers = prose.replaceAll(/`[^`]+`/g, '').match(/\d+(?:\.\d+)?/g) ?? [];
  return [...links, ...code, ...numbers];
}

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

      it('mentions the same code, numbers and links', () => {
        for (const [place, block] of chapter.entries()) {
          const translated = translation[place];
          if (!translated) throw new Error(`Not translated: ${block.text}`);
          expect(mentions(translated), translated.text).to.include.members(mentions(block));
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
