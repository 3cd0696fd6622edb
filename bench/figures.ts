import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printTable } from './table.js';

/** Whom this package is measured against, in the order of the table. */
export const PEERS = ['bare handler', '@middy/core', 'p-timeout', 'cockatiel'] as const;
export type Peer = (typeof PEERS)[number];

/** What one compares: a line of the table, and a group of bars in the picture of docs/performance.md. */
export interface Figure {
  readonly figure: string;
  readonly unit: string;
  readonly ours: number;
  readonly peers: Readonly<Partial<Record<Peer, number>>>;
}

/** What was to be reached, at most, and what was. */
export interface Goal {
  readonly figure: string;
  readonly goal: number;
  readonly got: number;
}

interface Saved {
  readonly figures: readonly Figure[];
  readonly goals: readonly Goal[];
}

const folder = join(import.meta.dirname, 'figures');

/** Forgets what an earlier run has found out. */
export const forget = (): void => rmSync(folder, { recursive: true, force: true });

/** Keeps what a script has found out, for the tables that stand at the end of all. */
export function save(script: string, found: Partial<Saved>): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${script}.json`), JSON.stringify({ figures: [], goals: [], ...found }));
}

export function saved(): Saved {
  const all: Saved[] = readdirSync(folder)
    .sort()
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')));
  return { figures: all.flatMap(({ figures }) => figures), goals: all.flatMap(({ goals }) => goals) };
}

/** How many figures stand in one table: a phone shows no more beside each other. */
const COLUMNS = 3;

/** Prints figures with a line for each package. */
export function printFigures(figures: readonly Figure[]): void {
  for (let first = 0; first < figures.length; first += COLUMNS) {
    const shown = figures.slice(first, first + COLUMNS);
    printTable([
      { package: 'this package', ...columns(shown, ({ ours }) => ours) },
      ...PEERS.map((peer) => ({ package: peer, ...columns(shown, ({ peers }) => peers[peer]) })),
    ]);
  }
}

const columns = (
  figures: readonly Figure[],
  of: (figure: Figure) => number | undefined,
): Record<string, string | number> =>
  Object.fromEntries(figures.map((figure) => [`${figure.figure}, ${figure.unit}`, of(figure) ?? '–']));
