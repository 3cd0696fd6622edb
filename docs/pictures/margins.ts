import type { Language } from './language.js';
import { path, picture, rect, type Theme, text } from './svg.js';

const WORDS = {
  en: {
    title:
      'How long it takes from the deadline until the caller has its answer, by memory, in the first invocation of a process: the median to the 99th percentile, with no hook, one hook and three hooks, beside the margin of the rule of thumb. The more memory, the shorter.',
    axis: 'ms from the deadline to the answer, first invocation, handler hangs',
    names: ['no hook', '1 hook', '3 hooks'],
    range: 'bar: median to 99th percentile',
    rule: 'line: rule of thumb',
  },
  ja: {
    title:
      'デッドラインから呼び出し元にレスポンスが届くまでの時間を、メモリごとに示した図。プロセスの最初の呼び出しの、中央値から 99 パーセンタイルまで。フックなし、フック 1 つ、フック 3 つと、目安のマージン。メモリが多いほど短くなります。',
    axis: 'デッドラインからレスポンスまで (ms)、最初の呼び出し、ハングするハンドラ',
    names: ['フックなし', 'フック 1 つ', 'フック 3 つ'],
    range: '棒: 中央値から 99 パーセンタイル',
    rule: '線: 目安のマージン',
  },
} as const;

const COLORS = ['quiet', 'blue', 'purple'];
/** The hooks that a column of the rule of thumb is for, from the left. */
const HOOKS_OF_RULE = [1, 2, 3];

interface Range {
  readonly memory: string;
  /** The median and the 99th percentile with no hook, with 1 and with 3 hooks. */
  readonly measured: readonly (readonly [median: number, percentile: number])[];
  /** The margin of the rule of thumb for 1, 2 and 3 hooks. */
  readonly rule: readonly number[];
}

/**
 * Reads the first two tables of docs/margins.md.
 *
 * @throws Error if they look different from what is read here
 */
export function readMargins(page: string): readonly Range[] {
  const rows = page
    .split('\n')
    .filter((line) => /^\| \d+ MB \|/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const rules = rows.filter((cells) => cells.length === 4);
  const ranges = rules.map(([memory = '', ...margins]) => {
    const cells = rows.find(([of, handler]) => of === memory && handler === 'hangs') ?? [];
    const measured = cells.slice(2, 5).map((cell) => {
      const [median = Number.NaN, percentile = Number.NaN] = cell.split(' / ').map(Number);
      return [median, percentile] as const;
    });
    return { memory, measured, rule: margins.map((margin) => Number.parseInt(margin, 10)) };
  });
  const numbers = ranges.flatMap(({ measured, rule }) => [...measured.flat(), ...rule]);
  if (ranges.length < 2 || numbers.length !== ranges.length * 9 || numbers.some(Number.isNaN)) {
    throw new Error(
      'The tables of docs/margins.md look different from what is read here: `| 128 MB | 1000 ms | 2000 ms | 3000 ms |` and `| 128 MB | hangs | 11 / 281 | 370 / 687 | 460 / 735 |`. Change one or the other.',
    );
  }
  return ranges;
}

const [TOP, BOTTOM, LEFT] = [92, 340, 56];
const [MIN_MS, MAX_MS] = [4, 4000];

const yOf = (ms: number): number =>
  BOTTOM - ((BOTTOM - TOP) * Math.log(ms / MIN_MS)) / Math.log(MAX_MS / MIN_MS);

/** What docs/margins.md has in its tables. */
export function margins(ranges: readonly Range[]) {
  return (language: Language, theme: Theme): string => {
    const words = WORDS[language];
    const width = 520;
    const group = (width - LEFT - 14) / ranges.length;
    const bar = (group - 16) / 3;
    return picture({ theme, width, height: 376, title: words.title }, [
      text(14, 28, words.axis, 'bold small'),
      ...words.names.flatMap((name, index) => [
        rect(14 + index * 100, 42, 12, 12, COLORS[index] ?? '', 3),
        text(32 + index * 100, 53, name, 'small'),
      ]),
      text(14, 76, `${words.range} · ${words.rule}`, 'small quiet'),
      ...[10, 30, 100, 300, 1000, 3000].flatMap((ms) => [
        path(`M${LEFT} ${yOf(ms).toFixed(1)}H${width - 14}`, 'thin'),
        text(LEFT - 8, yOf(ms) + 4, String(ms), 'end small quiet'),
      ]),
      ...ranges.flatMap(({ memory, measured, rule }, index) => {
        const x = LEFT + index * group + 8;
        return [
          text(x + bar * 1.5, BOTTOM + 22, memory, 'middle small'),
          ...measured.flatMap(([median, percentile], column) => {
            const color = COLORS[column] ?? '';
            const margin = rule[HOOKS_OF_RULE.indexOf([0, 1, 3][column] ?? 0)];
            const left = x + column * bar;
            const [top, bottom] = [yOf(percentile), yOf(median)];
            return [
              rect(left + 3, top, bar - 6, Math.max(bottom - top, 4), color, 3),
              ...(margin === undefined
                ? []
                : [path(`M${left.toFixed(1)} ${yOf(margin).toFixed(1)}h${bar.toFixed(1)}`, `${color}-line`)]),
            ];
          }),
        ];
      }),
    ]);
  };
}
