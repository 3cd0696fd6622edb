/** A figure, or two of them. */
const FIGURES = /^[\d.]+(?: \/ [\d.]+)?$/;

/** Prints rows as a Markdown table, with the names of the first row's fields as its head. Figures are aligned right. */
export function printTable(rows: readonly Record<string, string | number>[]): void {
  const [first = {}] = rows;
  const head = Object.keys(first);
  const rule = Object.values(first).map((cell) => (FIGURES.test(String(cell)) ? '---:' : '---'));
  const lines = [head, rule, ...rows.map((row) => Object.values(row))];
  console.log(`\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`);
}

/** A number as a table shows it, with this many decimals. */
export const round = (value: number, decimals: number): number => Number(value.toFixed(decimals));
