import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of this repository, four folders above the compiled specs. */
export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The files in a folder whose names match, as paths from the root. */
export const filesIn = (folder: string, name: RegExp): readonly string[] =>
  readdirSync(join(ROOT, folder))
    .filter((file) => name.test(file))
    .map((file) => join(folder, file));
