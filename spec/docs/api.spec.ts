import { expect } from 'chai';
import { read } from './repository.js';

interface Exported {
  readonly name: string;
  readonly source: string;
}

const exported: readonly Exported[] = [
  ...read('lib/index.ts').matchAll(/export (?:type )?\{ (.+) \} from '\.\/(.+)\.js';/g),
].flatMap(([, names, module]) =>
  (names as string)
    .split(', ')
    .map((name) => ({ name: name.replace('type ', ''), source: read(`lib/${module}.ts`) })),
);

/** What the docstring of a symbol says before its first tag. */
function descriptionOf({ name, source }: Exported): string {
  const docstring = new RegExp(
    `/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\nexport (?:function|const|class|interface) ${name}\\b`,
  );
  const text = docstring.exec(source)?.[1] ?? '';
  return plain(text.replaceAll(/^ *\* ?/gm, '').replace(/^@[\s\S]*/m, ''));
}

/** Puts a text on one line, and replaces each link with its name. */
const plain = (text: string): string =>
  text
    .replaceAll(/\{@link (\w+)\}|\[(\w+)\]\(#\w+\)/g, '$1$2')
    .replaceAll(/\s+/g, ' ')
    .trim();

describe('docs/api.md', () => {
  const reference = read('docs/api.md');

  it('has a chapter for each name that the package exports, and no other', () => {
    const chapters = [...reference.matchAll(/^## (\w+)(\(\))?$/gm)].map(([, name]) => name);
    expect(chapters).to.have.members(exported.map(({ name }) => name));
  });

  for (const symbol of exported) {
    it(`describes ${symbol.name} as its docstring does: \`npm run docs\` brings it up to date`, () => {
      const description = descriptionOf(symbol);
      expect(description).to.match(/^[A-Z].{10,}\.$/);
      expect(plain(reference)).to.include(description);
    });
  }
});
