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
      'at the deadline, if it has not called `currentDeadline()`,',
      'or when it throws its own LambdaTimeoutError',
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
      'デッドラインまでに `currentDeadline()` を呼んでいない、',
      'または自分の LambdaTimeoutError を投げる',
    ],
    inTime: ['時間内に終了', '`@Finally` フック', 'ハンドラの値またはエラー'],
    late: ['猶予中に終了', '`@Finally` フック', 'ハンドラの値と、警告'],
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
  const outcome = (y: number, [name = '', ...lines]: readonly string[], color: string) => [
    rect(right, y, 222, 38 + lines.length * 18, 'box'),
    rect(right, y, 6, 38 + lines.length * 18, color, 3),
    text(right + 18, y + 24, name, `bold ${color}`),
    text(right + 18, y + 44, lines.map(plainCode), 'small'),
  ];
  return picture({ theme, width: 566, height: 420, title: words.title }, [
    box(left, 40, width, 44, words.running, 'blue', 'middle on bold'),
    box(left, 176, width, 44, words.grace, 'card blue-line grace', 'middle blue bold'),
    ...outcome(25, words.inTime, 'green'),
    ...outcome(161, words.late, 'amber'),
    ...outcome(280, words.timedOut, 'red'),
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
    text(24, 388, words.neverAsked.map(plainCode), 'small'),
  ]);
}

/** Code within a sentence is not set in another type. */
const plainCode = (line: string): string => (/^`[^`]*`$/.test(line) ? line : line.replaceAll('`', ''));
