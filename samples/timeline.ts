import { dim, type Paint, plain } from './paint.js';
import { wrap } from './wrap.js';

export interface TimelineEntry {
  readonly atMs: number;
  /** The column, counted from 0. Absent on a mark, which runs across all columns. */
  readonly column?: number;
  readonly text: string;
  readonly paint?: Paint;
}

const OFFSET_WIDTH = 7;
const SEPARATOR = ' │ ';
const MARK = ' ╞═ ';
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
    this.#titles = titles;
    this.#columnWidth = Math.floor((width - OFFSET_WIDTH) / titles.length) - SEPARATOR.length;
    this.#print = print;
  }

  printTitles(): void {
    this.#printRow(
      'ms',
      this.#titles.map((text) => this.#cells({ text })),
    );
    const rules = this.#titles.map(() => '─'.repeat(this.#columnWidth));
    this.#print(dim(['─'.repeat(OFFSET_WIDTH), ...rules].join('─┼─')));
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
      entries.filter((entry) => entry.column === column).flatMap((entry) => this.#cells(entry)),
    );
    this.#printRow(String(Math.round(first.atMs)), columns);
  }

  #printMark({ atMs, text, paint = plain }: TimelineEntry): void {
    const room = (this.#columnWidth + SEPARATOR.length) * this.#titles.length - MARK.length;
    const [first = '', ...others] = wrap(text, room);
    const offset = String(Math.round(atMs)).padStart(OFFSET_WIDTH);
    this.#print(paint(`${offset}${MARK}${`${first} `.padEnd(room, '═').trimEnd()}`));
    for (const line of others) this.#print(paint(`${' '.repeat(OFFSET_WIDTH)}${SEPARATOR}${line}`));
  }

  #printRow(offset: string, columns: readonly (readonly Cell[])[]): void {
    for (let line = 0; line < Math.max(...columns.map(({ length }) => length)); line++) {
      const label = dim((line === 0 ? offset : '').padStart(OFFSET_WIDTH));
      const cells = columns
        .map((column) => column[line] ?? EMPTY)
        .map(({ text, paint }) => paint(text.padEnd(this.#columnWidth)));
      this.#print([label, ...cells].join(` ${dim('│')} `).trimEnd());
    }
  }

  #cells({ text, paint = plain }: Omit<TimelineEntry, 'atMs'>): Cell[] {
    return wrap(text, this.#columnWidth).map((line) => ({ text: line, paint }));
  }
}

interface Cell {
  readonly text: string;
  readonly paint: Paint;
}

const EMPTY: Cell = { text: '', paint: plain };

const isMark = ({ column }: TimelineEntry): boolean => column === undefined;
