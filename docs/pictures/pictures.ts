import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decoratorOrder } from './decorator-order.js';
import type { Language } from './language.js';
import { marginTree } from './margin-tree.js';
import { margins, readMargins } from './margins.js';
import { performance } from './performance.js';
import { preemption } from './preemption.js';
import { start } from './start.js';
import { narrowStates, states } from './states.js';
import { DARK, LIGHT, type Theme } from './svg.js';
import { narrowTimeline, timeline } from './timeline.js';

export interface Picture {
  /** From the root of the repository. */
  readonly path: string;
  readonly svg: string;
}

/**
 * Draws all pictures of the guide. `x.svg` is for light pages, `x.dark.svg` for dark ones; `x.ja.svg` has words in Japanese.
 *
 * @param root - of the repository
 */
export function drawPictures(root: string): readonly Picture[] {
  const read = (path: string): string => readFileSync(join(root, 'docs', path), 'utf8');
  const drawn: Readonly<Record<string, (language: Language, theme: Theme) => string>> = {
    timeline,
    'timeline.narrow': narrowTimeline,
    states,
    'states.narrow': narrowStates,
    'decorator-order': decoratorOrder,
    preemption,
    'margin-tree': marginTree,
    margins: margins(readMargins(read('margins.md'))),
    performance: performance(JSON.parse(read('pictures/performance.json'))),
  };
  const themes = [
    ['', LIGHT],
    ['.dark', DARK],
  ] as const;
  const translated = Object.entries(drawn).flatMap(([name, draw]) =>
    themes.flatMap(([suffix, theme]) => [
      { path: `docs/${name}${suffix}.svg`, svg: draw('en', theme) },
      { path: `docs/${name}${suffix}.ja.svg`, svg: draw('ja', theme) },
    ]),
  );
  // What the program prints is in English only.
  const untranslated = ['start', 'start.narrow'].flatMap((name) =>
    themes.map(([suffix, theme]) => ({
      path: `docs/${name}${suffix}.svg`,
      svg: start(read(`pictures/${name}.txt`), theme),
    })),
  );
  return [...untranslated, ...translated];
}
