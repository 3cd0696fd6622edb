// `npm run render`: shows every page of the guide as a wide and as a narrow screen do, light and dark, in `.build/render`,
// and reports what is wider than its page. It needs Chromium: `apt-get install chromium fonts-noto-cjk`, or its path in `CHROMIUM`.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import MarkdownIt from 'markdown-it';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, '.build/render');
const { CHROMIUM: executablePath = '/usr/bin/chromium' } = process.env;

const WIDTHS = [1200, 390];
const THEMES = /** @type {const} */ (['light', 'dark']);

/** About what GitHub does. */
const STYLE = `
:root { color-scheme: light dark; --text: #1f2328; --page: #fff; --quiet: #59636e; --edge: #d1d9e0; --shade: #f6f8fa; --link: #0969da; }
@media (prefers-color-scheme: dark) {
  :root { --text: #f0f6fc; --page: #0d1117; --quiet: #9198a1; --edge: #3d444d; --shade: #151b23; --link: #4493f8; }
}
* { box-sizing: border-box }
body {
  margin: 0 auto; max-width: 1012px; padding: 32px 45px; background: var(--page); color: var(--text);
  font: 16px/1.5 -apple-system, "Segoe UI", "Noto Sans", "Noto Sans CJK JP", Helvetica, Arial, sans-serif; overflow-wrap: break-word;
}
@media (max-width: 767px) { body { padding: 16px } }
h1, h2 { padding-bottom: .3em; border-bottom: 1px solid var(--edge) }
a { color: var(--link) }
img { max-width: 100% }
code, pre { font: 85%/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }
code { padding: .2em .4em; border-radius: 6px; background: var(--shade); white-space: break-spaces }
pre { padding: 16px; overflow: auto; border-radius: 6px; background: var(--shade) }
pre code { padding: 0; white-space: pre; font-size: 100% }
table, pre { margin: 0 0 16px }
table { display: block; width: max-content; max-width: 100%; overflow: auto; border-spacing: 0; border-collapse: collapse }
th, td { padding: 6px 13px; border: 1px solid var(--edge) }
hr { height: .25em; border: 0; background: var(--edge) }
blockquote { margin: 0; padding: 0 1em; color: var(--quiet); border-left: .25em solid var(--edge) }`;

const markdownIn = (folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));

/** What cannot be seen without scrolling to the side. Code may be wider than a phone. */
function findWide(isNarrow) {
  const selector = isNarrow ? 'body :not(pre, pre *)' : 'body *';
  return [...document.querySelectorAll(selector)].flatMap((element) => {
    const isScrolled = element.matches('pre, table') && element.scrollWidth > element.clientWidth;
    const { right } = element.getBoundingClientRect();
    const isBeyond = right > innerWidth + 1 && element.closest('pre, table') === null;
    if (!isScrolled && !isBeyond) return [];
    const byPx = isScrolled ? element.scrollWidth - element.clientWidth : Math.round(right - innerWidth);
    const text = element.textContent.trim().replaceAll(/\s+/g, ' ').slice(0, 60);
    return [`<${element.localName}> is ${byPx} px too wide: ${text}`];
  });
}

const pages = ['README.md', 'README.ja.md', ...markdownIn('docs'), ...markdownIn('docs/ja')];
const markdown = new MarkdownIt({ html: true });
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
for (const width of WIDTHS) {
  for (const colorScheme of THEMES) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const page = await context.newPage();
    for (const path of pages) {
      const name = path.replaceAll('/', '-').replace(/\.md$/, '');
      const file = join(target, `${name}.html`);
      const base = pathToFileURL(`${join(root, dirname(path))}/`).href;
      const content = markdown.render(readFileSync(join(root, path), 'utf8'));
      writeFileSync(
        file,
        `<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><base href="${base}"><style>${STYLE}</style>${content}`,
      );
      await page.goto(pathToFileURL(file).href);
      await page.screenshot({ path: join(target, `${name}.${width}.${colorScheme}.png`), fullPage: true });
      // The widths do not depend on the theme.
      if (colorScheme === 'dark') continue;
      for (const finding of await page.evaluate(findWide, width < 768)) {
        process.exitCode = 1;
        console.log(`${path} at ${width} px: ${finding}`);
      }
      const broken = await page.evaluate(() =>
        [...document.images].filter(({ naturalWidth }) => naturalWidth === 0).map(({ src }) => src),
      );
      for (const src of broken) {
        process.exitCode = 1;
        console.log(`${path}: there is no picture ${src}`);
      }
    }
    await context.close();
  }
}
await browser.close();
console.log(`${pages.length} pages are in ${target}`);
