import type { Language } from './language.js';
import { arrow, box, picture, rect, type Theme, text } from './svg.js';

interface Words {
  readonly title: string;
  readonly running: string;
  readonly grace: string;
  readonly ends: readonly string[];
  readonly asked: readonly string[];
  readonly returns: string;
  readonly throws: readonly string[];
  readonly neverAsked: readonly string[];
  readonly inTime: readonly string[];
  readonly late: readonly string[];
  readonly timedOut: readonly string[];
}

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    title:
      'How an invocation ends. A handler that returns or throws before its deadline has ended in time. One that has called currentDeadline() then has grace: if it returns, that is the answer; if it throws, or does not end before the cut-off, it has timed out. One that has not called it times out at its deadline.',
    running: 'running',
    grace: 'in its grace',
    ends: ['returns', 'or throws'],
    asked: ['at the deadline, if it', 'has called', '`currentDeadline()`'],
    returns: 'returns',
    throws: ['throws, or has not ended', 'at the cut-off'],
    neverAsked: [
      'at the deadline, if it has not called',
      '`currentDeadline()`, or when it throws',
      'its own LambdaTimeoutError',
    ],
    inTime: ['ended in time', '`@Finally` hooks', 'its result, or its error'],
    late: ['ended late', '`@Finally` hooks', 'its result, and a warning'],
    timedOut: [
      'timed out',
      '`@OnTimeout`, `@Finally` hooks',
      'the LambdaTimeoutError, or',
      'what a hook responds',
    ],
  },
  ja: {
    title:
      '呼び出しの終わり方。デッドラインの前に値を返すかエラーを投げたハンドラは時間内に終わっています。currentDeadline() を呼んでいたハンドラには猶予があり、その間に値を返せばそれがレスポンスになります。エラーを投げるか、打ち切りまでに終わらなければタイムアウトです。呼んでいなかったハンドラはデッドラインでタイムアウトします。',
    running: '実行中',
    grace: '猶予中',
    ends: ['値を返すか', 'エラーを投げる'],
    asked: ['デッドラインまでに', '`currentDeadline()`', 'を呼んでいた'],
    returns: '値を返す',
    throws: ['エラーを投げるか、', '打ち切りまでに終わらない'],
    neverAsked: [
      'デッドラインまでに `currentDeadline()` を',
      '呼んでいない、または自分の',
      'LambdaTimeoutError を投げる',
    ],
    inTime: ['時間内に終了', '`@Finally` フック', 'その値、またはエラー'],
    late: ['猶予中に終了', '`@Finally` フック', 'その値と、警告'],
    timedOut: [
      'タイムアウト',
      '`@OnTimeout`、`@Finally` フック',
      'LambdaTimeoutError、または',
      'フックが返すレスポンス',
    ],
  },
};

/** How a handler gets from its start to its outcome. */
export function states(language: Language, theme: Theme): string {
  const words = WORDS[language];
  const [left, width, right] = [54, 132, 330];
  return picture({ theme, width: 566, height: 436, title: words.title }, [
    box(left, 40, width, 44, words.running, 'blue', 'middle on bold'),
    box(left, 176, width, 44, words.grace, 'card blue-line grace', 'middle blue bold'),
    ...outcome(right, 25, 222, words.inTime, 'green'),
    ...outcome(right, 161, 222, words.late, 'amber'),
    ...outcome(right, 280, 222, words.timedOut, 'red'),
    arrow([
      [left + width, 62],
      [right - 2, 62],
    ]),
    text(257, 54, words.ends[0] ?? '', 'middle small'),
    text(257, 80, words.ends[1] ?? '', 'middle small'),
    arrow([
      [120, 84],
      [120, 174],
    ]),
    text(130, 112, words.asked, 'small'),
    arrow([
      [left + width, 198],
      [right - 2, 198],
    ]),
    text(257, 190, words.returns, 'middle small'),
    arrow([
      [120, 220],
      [120, 306],
      [right - 2, 306],
    ]),
    text(130, 278, words.throws, 'small'),
    arrow([
      [left, 62],
      [24, 62],
      [24, 350],
      [right - 2, 350],
    ]),
    text(36, 376, words.neverAsked.map(plainCode), 'small'),
  ]);
}

/** The same, for pages that are narrow. */
export function narrowStates(language: Language, theme: Theme): string {
  const words = WORDS[language];
  const [left, width, right] = [22, 106, 188];
  return picture({ theme, width: 384, height: 500, title: words.title }, [
    box(left, 20, width, 40, words.running, 'blue', 'middle on bold'),
    box(left, 180, width, 40, words.grace, 'card blue-line grace', 'middle blue bold'),
    ...outcome(right, 14, 184, words.inTime, 'green'),
    ...outcome(right, 174, 184, words.late, 'amber'),
    ...outcome(left, 318, 350, words.timedOut, 'red'),
    arrow([
      [left + width, 40],
      [right - 2, 40],
    ]),
    text(right, 106, words.ends.join(language === 'ja' ? '' : ' '), 'small'),
    arrow([
      [70, 60],
      [70, 178],
    ]),
    text(80, 130, words.asked, 'small'),
    arrow([
      [left + width, 200],
      [right - 2, 200],
    ]),
    text((left + width + right) / 2, 192, words.returns, 'middle small'),
    arrow([
      [70, 220],
      [70, 316],
    ]),
    text(80, 268, words.throws, 'small'),
    arrow([
      [left, 40],
      [14, 40],
      [14, 362],
      [left - 2, 362],
    ]),
    text(14, 440, words.neverAsked.map(plainCode), 'small'),
  ]);
}

/** A box with the name of an outcome, and what it means. */
const outcome = (
  x: number,
  y: number,
  width: number,
  [name = '', ...lines]: readonly string[],
  color: string,
): string[] => [
  rect(x, y, width, 38 + lines.length * 18, 'box'),
  rect(x, y, 6, 38 + lines.length * 18, color, 3),
  text(x + 18, y + 24, name, `bold ${color}`),
  text(x + 18, y + 44, lines.map(plainCode), 'small'),
];

/** Code within a sentence is not set in another type. */
const plainCode = (line: string): string => (/^`[^`]*`$/.test(line) ? line : line.replaceAll('`', ''));
