import { expect } from 'chai';
import { drawPictures } from '../../docs/pictures/pictures.js';
import { linksIn } from './markdown.js';
import { filesIn, ROOT, read } from './repository.js';

describe('the pictures of the guide', () => {
  const pictures = drawPictures(ROOT);

  for (const { path, svg } of pictures) {
    it(`${path} is what its script draws`, () => {
      expect(read(path) === svg, 'run `npm run pictures`').to.equal(true);
    });
  }

  it('are all drawn by a script', () => {
    expect(filesIn('docs', /\.svg$/)).to.have.members(pictures.map(({ path }) => path));
  });

  it('exist for light and for dark pages', () => {
    const paths = pictures.map(({ path }) => path);
    for (const path of paths.filter((other) => !other.includes('.dark'))) {
      expect(paths).to.include(path.replace(/(?=(?:\.ja)?\.svg$)/, '.dark'));
    }
  });

  it('have no words of English beside those in Japanese', () => {
    for (const { path, svg } of pictures.filter((picture) => picture.path.endsWith('.ja.svg'))) {
      expect(svg, path).to.match(/<title id="title">[^<]*[ぁ-ん]/);
    }
  });

  it('are links to be checked, also in HTML', () => {
    const html =
      '<picture>\n  <source media="(x)" srcset="a.dark.svg">\n  <img alt="a" src="a.svg">\n</picture>';
    expect(linksIn(html)).to.deep.equal(['a.dark.svg', 'a.svg']);
  });
});
