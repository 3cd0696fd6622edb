const MIN_WIDTH = 72;
const MAX_WIDTH = 120;
const USUAL_WIDTH = 100;
/** Of all lines of a text but the first. */
const INDENT = '  ';

/** How many characters a line of the output has. Where the output is no terminal, `COLUMNS` says it. */
export function outputWidth(): number {
  const { COLUMNS } = process.env;
  const { columns = Number(COLUMNS) || USUAL_WIDTH } = process.stdout;
  return Math.max(MIN_WIDTH, Math.min(columns, MAX_WIDTH));
}

/** Breaks a text between its words into lines of at most `width`. Only a word that is longer than a line is broken. */
export function wrap(text: string, width = outputWidth(), indent = INDENT): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const end = rest.slice(0, space + 1).trim() === '' ? width : space;
    lines.push(rest.slice(0, end).trimEnd());
    rest = indent + rest.slice(end).trimStart();
  }
  return [...lines, rest];
}
