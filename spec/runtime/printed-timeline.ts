const RULE = /^─/;
const ROW = /^[ \d]{7} │(?: |$)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals begin a colour with one.
const COLORS = /\x1b\[\d+m/g;

/**
 * What `npm start` prints, whatever the width of its lines: first what stands outside of the columns, then each column as one
 * text, with the words that follow each other in it.
 */
export function textsOf(output: string): readonly string[] {
  const outside: string[] = [];
  const columns: string[][] = [];
  let act: string[][] = [];
  for (const line of output.replaceAll(COLORS, '').split('\n')) {
    if (RULE.test(line)) {
      act = line.match(/┼/g)?.map(() => []) ?? [];
      columns.push(...act);
    } else if (ROW.test(line)) {
      const [, ...cells] = line.split(/ │(?: |$)/);
      for (const [index, cell] of cells.entries()) act[index]?.push(cell);
    } else {
      outside.push(line.replaceAll('═', ' '));
    }
  }
  return [outside, ...columns].map((lines) => lines.join(' ').replaceAll(/\s+/g, ' ').trim());
}

/** Without what differs from run to run: times, ids and versions. */
export const withoutFigures = (text: string): string =>
  text.replaceAll(/\b[\da-f]{8}\b/g, 'id').replaceAll(/\d+(?:\.\d+)*/g, '0');
