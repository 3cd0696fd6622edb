import type { Language, Words } from './language.js';
import { arrow, path, picture, rect, type Theme, text } from './svg.js';

const WORDS: Words<
  'title' | 'yours' | 'watchdog' | 'handler' | 'cutOff' | 'sleeps' | 'asks' | 'ends' | 'answer'
> = {
  en: {
    title:
      'Two threads. On your thread the handler blocks the event loop. At its cut-off the watchdog thread gets no answer from it, and V8 ends the code. Then the hooks run on your thread, and the answer leaves.',
    yours: 'your thread',
    watchdog: 'watchdog thread',
    handler: 'handler: for (;;)',
    cutOff: 'cut-off',
    sleeps: 'sleeps',
    asks: 'no answer:',
    ends: 'V8 ends the code',
    answer: 'answer',
  },
  ja: {
    title:
      '2 つのスレッド。ハンドラのスレッドでは、ハンドラがイベントループをブロックしています。打ち切りになってもウォッチドッグに返事がないので、V8 がそのコードを終わらせます。その後、ハンドラのスレッドでフックが実行され、レスポンスが返ります。',
    yours: 'ハンドラのスレッド',
    watchdog: 'ウォッチドッグ',
    handler: 'ハンドラ: for (;;)',
    cutOff: '打ち切り',
    sleeps: '待機',
    asks: '返事がない:',
    ends: 'V8 がコードを終わらせる',
    answer: 'レスポンス',
  },
};

/** How the watchdog ends code that blocks the event loop. Time goes from left to right. */
export function preemption(language: Language, theme: Theme): string {
  const words = WORDS[language];
  const [start, cutOff, end] = [16, 206, 466];
  const bar = (from: number, to: number, name: string, color: string): string[] => [
    rect(from, 56, to - from, 36, color),
    text((from + to) / 2, 79, name, 'middle on bold small'),
  ];
  return picture({ theme, width: 482, height: 178, title: words.title }, [
    text(start, 44, words.yours, 'bold'),
    text(cutOff, 26, words.cutOff, 'middle red bold'),
    path(`M${cutOff} 34V132`, 'line dashed'),
    ...bar(start, cutOff - 6, words.handler, 'blue'),
    ...bar(cutOff + 8, 312, '`@OnTimeout`', 'green'),
    ...bar(316, 394, '`@Finally`', 'green'),
    ...bar(398, end, words.answer, 'purple'),
    text(start, 122, words.watchdog, 'bold'),
    path(`M${start} 140H${cutOff}`, 'line dashed'),
    text((start + cutOff) / 2, 160, words.sleeps, 'middle quiet small'),
    arrow([
      [cutOff, 140],
      [cutOff, 98],
    ]),
    text(cutOff + 14, 126, [words.asks, words.ends], 'small'),
  ]);
}
