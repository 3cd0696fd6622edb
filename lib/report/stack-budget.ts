import { memoryMb, partOfCpu } from './function-size.js';
import { sizeOfMap } from './source-map.js';

/** The part of the time until the hooks must have ended that stacks may take. */
const PART = 10;

/** What Node takes at most to parse a byte of a source map, with a whole CPU. */
const MS_A_BYTE = 1e-4;

/** What a parser of the program takes, such as that of source-map-support, which is written in JavaScript. */
const MS_A_BYTE_OF_PROGRAM = 4e-4;

/** How large a map may be for each MB of the function's memory. A parsed map can be 40 times as large as its file. */
const BYTES_A_MB = 1e4;

/**
 * How large the maps are that have not been parsed yet, by the file in the stack. It is 0 for a file without a map, and for
 * one whose map has been parsed, because Node keeps that.
 */
const bytesToParse = new Map<string, number>();

/**
 * The time that the stacks of one invocation may take before its hooks. To parse a large source map can take longer than the
 * margin, above all with a small part of a CPU.
 */
export class StackBudget {
  readonly #hookDeadlineAtMs: number;
  #leftMs: number | undefined;

  /** @param hookDeadlineAtMs - on the clock of `performance.now()` */
  constructor(hookDeadlineAtMs: number) {
    this.#hookDeadlineAtMs = hookDeadlineAtMs;
  }

  /**
   * Runs code that writes stacks out, and takes the time for it.
   *
   * @param files - the files in these stacks
   * @param write - gets whether there is time to map them
   */
  spend<Result>(files: ReadonlySet<string>, write: (isMapped: boolean) => Result): Result {
    const startedAtMs = performance.now();
    // Only now, so that it is a part of the time that is left when the invocation times out.
    this.#leftMs ??= Math.max(0, this.#hookDeadlineAtMs - startedAtMs) / PART;
    const toParse = [...files].filter((file) => bytesToParse.get(file) !== 0);
    const isMapped = this.#affords(toParse, startedAtMs + this.#leftMs);
    try {
      return write(isMapped);
    } finally {
      if (isMapped) for (const file of toParse) bytesToParse.set(file, 0);
      this.#leftMs = Math.max(0, this.#leftMs - (performance.now() - startedAtMs));
    }
  }

  #affords(files: readonly string[], untilMs: number): boolean {
    const isProgram = isMappedByProgram();
    // What Node has parsed costs nothing more. What the program does may take as long again.
    if (isProgram && this.#leftMs === 0) return false;
    const msAByte = isProgram ? MS_A_BYTE_OF_PROGRAM : MS_A_BYTE;
    let costMs = 0;
    return files.every((file) => {
      costMs += msToParse(file, msAByte);
      return performance.now() + costMs <= untilMs;
    });
  }
}

/** Whether the program, and not Node, may write stacks with source maps. */
export function isMappedByProgram(): boolean {
  try {
    return ![undefined, 'ErrorPrepareStackTrace'].includes(Error.prepareStackTrace?.name);
  } catch {
    return true; // the program has given it a getter that throws
  }
}

function msToParse(file: string, msAByte: number): number {
  const bytes = bytesToParse.get(file) ?? sizeOfMap(file);
  bytesToParse.set(file, bytes);
  if (bytes > memoryMb() * BYTES_A_MB) return Number.POSITIVE_INFINITY;
  return (bytes * msAByte) / partOfCpu();
}
