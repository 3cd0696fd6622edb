import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** How much of the end of a file is read. The comment that names its map is there. */
const TAIL_BYTES = 65_536;

/**
 * Returns the size of the source map of a file; `Infinity` for what is not on disk, as the code of `eval`, because Node
 * may have a map of it that nobody can see. Does not read the map.
 *
 * @param file - a path or a `file:` URL, as it is in a stack
 */
export function sizeOfMap(file: string): number {
  try {
    const path = file.startsWith('file:') ? fileURLToPath(file) : file;
    const { size, tail } = readTail(path);
    const url = [...tail.matchAll(/[#@]\s*sourceMappingURL=(\S+)/g)].at(-1)?.[1];
    if (url !== undefined)
      return url.startsWith('data:') ? url.length : sizeOfFile(new URL(url, pathToFileURL(path)));
    // Without the comment the end of the file may be the end of a map within it.
    return /^[\w+/=%.~*'()!-]{256}/.test(tail) ? size : 0;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function readTail(path: string): { readonly size: number; readonly tail: string } {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(file, tail, 0, tail.length, size - tail.length);
    return { size, tail: tail.toString('latin1') };
  } finally {
    closeSync(file);
  }
}

/** The size of a map that a file names; 0 if it is not there. */
function sizeOfFile(url: URL): number {
  try {
    return statSync(fileURLToPath(url)).size;
  } catch {
    return 0; // Node has no map then either
  }
}
