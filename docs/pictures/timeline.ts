import type { Language } from './language.js';
import { path, picture, rect, type Theme, text } from './svg.js';

const WORDS = {
  en: {
    title:
      'Timeline of an invocation that times out: the handler runs until the deadline, marginMs before Lambda’s deadline. After its grace come the hooks. In the last part, reserveMs, the answer leaves.',
    invoke: 'invocation',
    deadline: 'deadline',
    asks: 'signal aborts',
    cutOff: 'cut-off',
    ends: 'grace ends',
    hookDeadline: 'hook deadline',
    lambda: 'Lambda’s deadline',
    handler: 'handler',
    grace: 'grace',
    answer: 'answer',
  },
  ja: {
    title:
      'タイムアウトする呼び出しのタイムライン: ハンドラは Lambda のタイムアウト時刻の marginMs 前のデッドラインまで実行されます。猶予の後にフックが実行され、最後の reserveMs の間にレスポンスが返ります。',
    invoke: '呼び出し',
    deadline: 'デッドライン',
    asks: 'シグナルが abort',
    cutOff: '打ち切り',
    ends: '猶予の終わり',
    hookDeadline: 'フックの期限',
    lambda: 'Lambda のタイムアウト時刻',
    handler: 'ハンドラ',
    grace: '猶予',
    answer: 'レスポンス',
  },
} as const;

/** The part of the margin that is kept for the answer, as it is by default. */
const RESERVE = 0.1;

/** When what happens in a margin that goes from `start` to `end`. The handler and two hooks share it equally. */
function divide(start: number, end: number): { cutOff: number; second: number; hookDeadline: number } {
  const hookDeadline = end - (end - start) * RESERVE;
  const share = (hookDeadline - start) / 3;
  return { cutOff: start + share, second: start + 2 * share, hookDeadline };
}

/** Time goes from left to right. */
export function timeline(language: Language, theme: Theme): string {
  const words = WORDS[language];
  const [invoke, deadline, end, bottom] = [60, 230, 770, 222];
  const { cutOff, second, hookDeadline } = divide(deadline, end);
  const bar = (from: number, to: number, row: number, name: string, classes: string, of: string) => [
    rect(from + 2, 80 + row * 45, to - from - 4, 36, classes),
    text((from + to) / 2, 103 + row * 45, name, `middle ${of}`),
  ];
  const span = (from: number, y: number) =>
    path(`M${from} ${y - 6}V${y + 6}M${from} ${y}H${end - 1}M${end - 1} ${y - 6}V${y + 6}`);
  return picture({ theme, width: 900, height: 300, title: words.title }, [
    rect(deadline, 70, end - deadline, bottom - 70, 'shade', 0),
    text(invoke, 34, words.invoke, 'middle'),
    text(deadline, 34, words.deadline, 'middle bold'),
    text(deadline, 54, words.asks, 'middle quiet small'),
    text(cutOff, 34, words.cutOff, 'middle bold'),
    text(cutOff, 54, words.ends, 'middle quiet small'),
    text(hookDeadline + 10, 58, words.hookDeadline, 'end'),
    text(end, 34, words.lambda, 'middle red bold'),
    path(
      `M${invoke} 46V${bottom}M${deadline} 62V270M${cutOff} 62V${bottom}M${hookDeadline} 66V244`,
      'line dashed',
    ),
    path(`M${end} 44V270`, 'red-line'),
    ...bar(invoke, deadline, 0, words.handler, 'blue', 'on bold'),
    ...bar(deadline, cutOff, 0, words.grace, 'card blue-line grace', 'blue bold'),
    ...bar(cutOff, second, 1, '`@OnTimeout`', 'green', 'on bold'),
    ...bar(second, hookDeadline, 1, '`@Finally`', 'green', 'on bold'),
    rect(hookDeadline + 2, 170, (end - hookDeadline) * 0.8, 36, 'purple'),
    text(hookDeadline - 8, 193, words.answer, 'end purple bold'),
    path(`M${end + 14} 182L${end + 26} 194M${end + 26} 182L${end + 14} 194`, 'red-line'),
    text(end + 34, 193, '`SIGKILL`', 'red bold'),
    span(hookDeadline, 236),
    text(hookDeadline - 8, 241, '`reserveMs`', 'end quiet'),
    span(deadline, 262),
    text((deadline + end) / 2, 282, '`marginMs`', 'middle quiet'),
  ]);
}

/** Time goes down, for pages that are narrow. */
export function narrowTimeline(language: Language, theme: Theme): string {
  const words = WORDS[language];
  const [invoke, deadline, end] = [30, 110, 410];
  const { cutOff, second, hookDeadline } = divide(deadline, end);
  const [left, width] = [140, 100];
  const bar = (from: number, to: number, name: string, classes: string, of: string) => [
    rect(left, from + 2, width, to - from - 4, classes),
    text(left + width / 2, (from + to) / 2 + 5, name, `middle ${of}`),
  ];
  const moment = (at: number, lines: readonly string[]) => [
    path(`M14 ${at}H${left + width}`, 'line dashed'),
    text(14, at + 18, lines[0] ?? '', 'bold'),
    text(14, at + 36, lines.slice(1), 'quiet small'),
  ];
  const bracket = (from: number, x: number) => path(`M${x - 8} ${from}H${x}V${end - 1}H${x - 8}`);
  return picture({ theme, width: 360, height: 446, title: words.title }, [
    rect(left - 6, deadline, width + 12, end - deadline, 'shade', 0),
    ...moment(invoke, [words.invoke]),
    ...moment(deadline, [words.deadline, words.asks]),
    ...moment(cutOff, [words.cutOff, words.ends]),
    path(`M14 ${hookDeadline}H${left + width + 12}`, 'line dashed'),
    text(14, hookDeadline - 6, words.hookDeadline, 'bold'),
    ...bar(invoke, deadline, words.handler, 'blue', 'on bold'),
    ...bar(deadline, cutOff, words.grace, 'card blue-line grace', 'blue bold'),
    ...bar(cutOff, second, '`@OnTimeout`', 'green', 'on bold'),
    ...bar(second, hookDeadline, '`@Finally`', 'green', 'on bold'),
    ...bar(hookDeadline, end - 4, words.answer, 'purple', 'on bold'),
    path(`M14 ${end}H340`, 'red-line'),
    text(14, end + 22, words.lambda, 'red bold'),
    text(340, end + 22, '`SIGKILL`', 'end red bold'),
    bracket(hookDeadline, 256),
    text(262, (hookDeadline + end) / 2 + 4, '`reserveMs`', 'quiet small'),
    bracket(deadline, 346),
    text(338, (deadline + cutOff) / 2, '`marginMs`', 'end quiet small'),
  ]);
}
