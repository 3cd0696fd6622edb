// A plugin of TypeDoc: puts what the pages of the guide begin with, and a list of the chapters, at the top of `api.md`.
import { MarkdownPageEvent } from 'typedoc-plugin-markdown';

const WAY = '[README](../README.md) · [日本語の README](../README.ja.md)';
const QUESTION = '**What does each function and each option take, give and throw?**';

/** @param {import('typedoc-plugin-markdown').MarkdownApplication} app */
export function load(app) {
  app.renderer.on(MarkdownPageEvent.END, (page) => {
    const names = [...page.contents.matchAll(/^## (.+)$/gm)].map(([, name]) => name);
    const chapters = names.map((name) => `[\`${name}\`](#${name.toLowerCase().replace(/\W/g, '')})`);
    page.contents = page.contents.replace(
      /^# .+$/m,
      `$&\n\n${WAY}\n\n${QUESTION}\n\n${chapters.join(' · ')}`,
    );
  });
}
