import { escapeXml, MONOSPACE, picture, type Theme } from './svg.js';

/** The size of a character. */
const [CELL, LINE] = [8.1, 19];
const [LEFT, TOP] = [18, 34];
/** Where the second act begins. The first one shows what this package is for. */
const SECOND_ACT = 'And work that never lets go';

/** What Select Graphic Rendition of terminals stands for, as far as the samples use it. */
const CLASSES: Readonly<Record<string, string>> = {
  0: '',
  1: 'bold',
  2: 'quiet',
  31: 'red',
  32: 'green',
  33: 'amber',
  36: 'cyan',
};

/** What is drawn, not written, so that lines have no gaps: from the middle of a cell in each direction. */
const STROKES: Readonly<Record<string, string>> = {
  '│': 'm0-9.5v19.5',
  '─': 'm-4.05 0h8.1',
  '┼': 'm0-9.5v19.5m-4.05-10h8.1',
  '═': 'm-4.05-1.5h8.1m0 3h-8.1',
  '╞': 'm0-9.5v19.5m0-11.5h4.05m0 3h-4.05',
};

interface Run {
  readonly column: number;
  readonly text: string;
  readonly classes: string;
}

/** Splits a line with colours of a terminal into texts of one colour, without the spaces between them. */
function runsOf(line: string): readonly Run[] {
  const runs: Run[] = [];
  let [column, classes] = [0, ''];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals begin a colour with one.
  for (const [token, code] of line.matchAll(/\x1b\[(\d+)m|[│─┼═╞]| +|(?:(?! {2})[^\x1b│─┼═╞])+/g)) {
    if (code !== undefined) {
      const added = CLASSES[code] ?? '';
      classes = added === '' ? '' : `${classes} ${added}`.trim();
      continue;
    }
    if (token.trim() !== '') {
      const indent = token.length - token.trimStart().length;
      runs.push({ column: column + indent, text: token.trim(), classes });
    }
    column += token.length;
  }
  return runs;
}

/** A recorded run of `npm start`, with the colours of a terminal. */
export function start(recorded: string, theme: Theme): string {
  const act = recorded.slice(0, recorded.indexOf(SECOND_ACT));
  const lines = [
    '\x1b[2m$ npm start\x1b[0m',
    '',
    ...act.slice(0, act.lastIndexOf('\n')).trimEnd().split('\n'),
  ];
  const columns = Math.max(...lines.flatMap(runsOf).map(({ column, text }) => column + text.length));
  const frame = {
    theme,
    width: Math.ceil(2 * LEFT + columns * CELL),
    height: TOP + lines.length * LINE,
    title:
      'npm start: the same work twice, with a timeout of 3 seconds. Without this package the process is killed in the middle. With it the finally of the handler runs at the deadline, then the hooks, and the caller gets the LambdaTimeoutError.',
  };
  return picture(frame, [
    `<g style="font: 13.5px ${MONOSPACE.replaceAll('"', "'")}">`,
    ...lines.flatMap((line, row) => runsOf(line).map((run) => draw(run, row))),
    '</g>',
  ]);
}

function draw({ column, text, classes }: Run, row: number): string {
  const [x, y] = [LEFT + column * CELL, TOP + row * LINE];
  const stroke = STROKES[text];
  if (stroke !== undefined) {
    const color = classes === '' ? 'quiet' : classes;
    return `<path class="${color}-line" style="stroke-width: 1" d="M${(x + CELL / 2).toFixed(2)} ${y - 4.5}${stroke}"/>`;
  }
  const length = (text.length * CELL).toFixed(1);
  const names = classes === '' ? '' : ` class="${classes}"`;
  return `<text${names} x="${x.toFixed(1)}" y="${y}" textLength="${length}">${escapeXml(text)}</text>`;
}
