import { dim } from './paint.js';

export interface TimelineEntry {
  readonly atMs: number;
  /** The column, counted from 0. Absent on a mark, which runs across all columns. */
  readonly column?: number;
  readonly text: string;
  readonly paint?: (text: string) => string;
}

const OFFSET_WIDTH = 7;
const SEPARATOR = ' │ ';
const MIN_COLUMN_WIDTH = 24;
const MAX_LINES = 2;
// What happens in several columns at about the same time goes into one row.
const ROW_MS = 8;

/** A log in the order of time, or several logs side by side. */
export class Timeline {
  readonly #titles: readonly string[];
  readonly #columnWidth: number;
  readonly #print: (line: string) => void;
  #pending: TimelineEntry[] = [];

  /**
   * @param titles - of the columns
   * @param width - of the whole timeline, in characters
   */
  constructor(titles: readonly string[], width: number, print: (line: string) => void) {
    const room = width - OFFSET_WIDTH - SEPARATOR.length * titles.length;
    this.#titles = titles;
    this.#columnWidth = Math.max(MIN_COLUMN_WIDTH, Math.floor(room / titles.length));
    this.#print = print;
  }

  printTitles(): void {
    this.#printRow(
      'ms',
      this.#titles.map((title) => [cell(title)]),
    );
    const rule = `┼${'─'.repeat(this.#columnWidth + 2)}`;
    this.#print(dim(`${'─'.repeat(OFFSET_WIDTH + 1)}${rule.repeat(this.#titles.length)}`));
  }

  add(entry: TimelineEntry): void {
    this.#pending.push(entry);
  }

  /** Prints what happened until then. Nothing earlier may be added afterwards. */
  flush(untilMs: number): void {
    const due = this.#pending.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
    this.#pending = this.#pending.filter(({ atMs }) => atMs > untilMs);
    let row: TimelineEntry[] = [];
    for (const entry of due) {
      const [first] = row;
      if (first && (isMark(entry) || isMark(first) || entry.atMs - first.atMs > ROW_MS)) {
        this.#printEntries(row);
        row = [];
      }
      row.push(entry);
    }
    if (row.length > 0) this.#printEntries(row);
  }

  #printEntries(entries: readonly TimelineEntry[]): void {
    const [first] = entries;
    if (!first) return;
    if (isMark(first)) {
      this.#printMark(first);
      return;
    }
    const columns = this.#titles.map((_, column) =>
      entries.filter((entry) => entry.column === column).flatMap((entry) => this.#wrap(entry)),
    );
    this.#printRow(String(Math.round(first.atMs)), columns);
  }

  #printMark({ atMs, text, paint = plain }: TimelineEntry): void {
    const columns = this.#titles.length;
    const room = (this.#columnWidth + SEPARATOR.length) * columns - SEPARATOR.length - text.length;
    const offset = String(Math.round(atMs)).padStart(OFFSET_WIDTH);
    this.#print(paint(`${offset} ╞═ ${text} ${'═'.repeat(Math.max(0, room))}`));
  }

  #printRow(offset: string, columns: readonly (readonly Cell[])[]): void {
    for (let line = 0; line < Math.max(...columns.map(({ length }) => length)); line++) {
      const label = dim((line === 0 ? offset : '').padStart(OFFSET_WIDTH));
      const cells = columns
        .map((column) => column[line] ?? cell(''))
        .map(({ text, paint }) => paint(text.padEnd(this.#columnWidth)));
      this.#print([label, ...cells].join(` ${dim('│')} `).trimEnd());
    }
  }

  #wrap({ text, paint = plain }: TimelineEntry): Cell[] {
    return wrap(text, this.#columnWidth, MAX_LINES).map((line) => ({ text: line, paint }));
  }
}

interface Cell {
  readonly text: string;
  readonly paint: (text: string) => string;
}

const plain = (text: string): string => text;

const cell = (text: string): Cell => ({ text, paint: plain });

const isMark = ({ column }: TimelineEntry): boolean => column === undefined;

/** Breaks a text between words into lines of at most `width`. An ellipsis replaces what does not fit into the last line. */
function wrap(text: string, width: number, maxLines: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width && lines.length < maxLines - 1) {
    const space = rest.lastIndexOf(' ', width);
    const end = space > 0 ? space : width;
    lines.push(rest.slice(0, end));
    rest = `  ${rest.slice(end).trimStart()}`;
  }
  lines.push(rest.length > width ? cut(rest, width) : rest);
  return lines;
}

const cut = (text: string, width: number): string => `${text.slice(0, width - 1).replace(/[\s…]+$/, '')}…`;
