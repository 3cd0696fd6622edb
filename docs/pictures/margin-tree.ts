import type { Language } from './language.js';
import { arrow, box, picture, type Theme, text } from './svg.js';

interface Words {
  readonly title: string;
  readonly count: readonly string[];
  readonly plusOne: readonly string[];
  readonly calls: readonly string[];
  readonly yes: string;
  readonly no: string;
  readonly memory: string;
  readonly floor: readonly string[];
  readonly leaves: readonly string[];
  readonly add: readonly string[];
  readonly reserve: readonly string[];
}

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    title:
      'How to find the margin: count the hooks, and the handler if it calls currentDeadline(). If none of them calls a service, 500 ms is enough. Otherwise, for each: 1000 ms at 128 MB, 500 ms at 256 MB, 250 ms at 512 MB, 125 ms from 1024 MB on, and never less than 500 ms in all. Add the time that the services take.',
    count: ['n = the number of your hooks'],
    plusOne: ['Does the handler call currentDeadline()?', 'Then count it too: n + 1'],
    calls: ['Does any of them call a service?'],
    yes: 'yes',
    no: 'no',
    memory: 'How much memory does the function have?',
    floor: ['`500 ms`'],
    leaves: ['128 MB', '256 MB', '512 MB', '1024 MB +'],
    add: ['Add the time that the services need to answer', 'and never go below 500 ms'],
    reserve: ['With preempt: true at 128 MB: at least 3000 ms'],
  },
  ja: {
    title:
      'マージンの決め方: フックの数を数え、ハンドラが currentDeadline() を呼ぶならそれも数えます。どれもサービスを呼び出さないなら 500 ms で足ります。そうでなければ 1 つにつき、128 MB では 1000 ms、256 MB では 500 ms、512 MB では 250 ms、1024 MB からは 125 ms。合計は 500 ms を下回らないようにし、サービスの応答時間を足します。',
    count: ['n = フックの数'],
    plusOne: ['ハンドラが currentDeadline() を呼ぶ?', 'それなら 1 つ足す: n + 1'],
    calls: ['サービスを呼び出すものがある?'],
    yes: 'ある',
    no: 'ない',
    memory: '関数のメモリは?',
    floor: ['`500 ms`'],
    leaves: ['128 MB', '256 MB', '512 MB', '1024 MB 以上'],
    add: ['サービスの応答にかかる時間を足す', 'ただし 500 ms を下回らない'],
    reserve: ['128 MB で preempt: true なら 3000 ms 以上'],
  },
};

const MARGINS = ['`n × 1000 ms`', '`n × 500 ms`', '`n × 250 ms`', '`n × 125 ms`'];

/** From the number of hooks and the memory to a margin. */
export function marginTree(language: Language, theme: Theme): string {
  const words = WORDS[language];
  const [width, center] = [500, 190];
  const leaf = (index: number): number => 14 + index * 119;
  return picture({ theme, width, height: 470, title: words.title }, [
    box(16, 18, 348, 36, words.count),
    arrow([
      [center, 54],
      [center, 74],
    ]),
    box(16, 76, 348, 54, words.plusOne),
    arrow([
      [center, 130],
      [center, 150],
    ]),
    box(16, 152, 348, 36, words.calls),
    arrow([
      [364, 170],
      [404, 170],
    ]),
    text(384, 162, words.no, 'middle small quiet'),
    box(406, 152, 80, 36, words.floor, 'green', 'middle on bold'),
    arrow([
      [center, 188],
      [center, 222],
    ]),
    text(center + 10, 210, words.yes, 'small quiet'),
    box(16, 224, 348, 36, words.memory),
    ...words.leaves.flatMap((name, index) => [
      arrow([
        [center, 260],
        [center, 276],
        [leaf(index) + 57, 276],
        [leaf(index) + 57, 306],
      ]),
      text(leaf(index) + 57, 326, name, 'middle small quiet'),
      box(leaf(index), 334, 115, 36, MARGINS[index] ?? '', 'green', 'middle on bold small'),
    ]),
    text(width / 2, 398, words.add, 'middle'),
    text(width / 2, 442, words.reserve, 'middle small quiet'),
  ]);
}
