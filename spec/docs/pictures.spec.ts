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

  it('have each figure of the bench in Japanese too', () => {
    const figures: readonly { readonly figure: string }[] = JSON.parse(
      read('docs/pictures/performance.json'),
    );
    for (const { figure } of figures) {
      expect(read('docs/performance.svg')).to.include(figure);
      expect(read('docs/performance.ja.svg'), `translate it in docs/pictures/performance.ts`).to.not.include(
        figure,
      );
    }
  });

  it('are links to be checked, also in HTML', () => {
    const html =
      '<picture>\n  <source media="(x)" srcset="a.dark.svg">\n  <img alt="a" src="a.svg">\n</picture>';
    expect(linksIn(html)).to.deep.equal(['a.dark.svg', 'a.svg']);
  });
});
