import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** How much of a file is read at once, from its end on. The comment that names its map is there, or not far from it. */
const CHUNK_BYTES = 65_536;

/** How much of a file is read at most. */
const MAX_BYTES = 16 * CHUNK_BYTES;

/** How much is read again with the chunk before, because a comment may begin in that. */
const COMMENT_BYTES = 1024;

/**
 * Returns the size of the source map of a file, or more where it is not found in the end of the file; `Infinity` for what is
 * not on disk, as the code of `eval`, because Node may have a map of it that nobody can see. Does not read the map.
 *
 * @param file - a path or a `file:` URL, as it is in a stack
 */
export function sizeOfMap(file: string): number {
  try {
    const path = file.startsWith('file:') ? fileURLToPath(file) : file;
    const descriptor = openSync(path, 'r');
    try {
      return findMap(descriptor, pathToFileURL(path));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function findMap(file: number, base: URL): number {
  const { size } = fstatSync(file);
  const least = Math.max(0, size - MAX_BYTES);
  for (let end = size; end > least; end -= CHUNK_BYTES) {
    const text = readText(file, Math.max(least, end - CHUNK_BYTES), Math.min(size, end + COMMENT_BYTES));
    const url = [...text.matchAll(/[#@]\s*sourceMappingURL=(\S+)/g)].at(-1)?.[1];
    if (url?.startsWith('data:')) return end === size ? url.length : size;
    if (url !== undefined) return sizeOfFile(new URL(url, base));
    // It may begin in the middle of a map within the file.
    if (/^[\w+/=%.~*'()!-]{256}/.test(text)) return size;
  }
  return least > 0 ? size : 0;
}

function readText(file: number, start: number, end: number): string {
  const bytes = Buffer.alloc(end - start);
  readSync(file, bytes, 0, bytes.length, start);
  return bytes.toString('latin1');
}

/** The size of a map that a file names; 0 if it is not there. */
function sizeOfFile(url: URL): number {
  try {
    return statSync(fileURLToPath(url)).size;
  } catch {
    return 0; // Node has no map then either
  }
}
