/** A way to compile a fixture, and the programs that it makes. */
export interface Build {
  readonly title: string;
  readonly outputs: readonly string[];
  readonly make: (directory: string) => Promise<unknown>;
}

export const DIALECTS = ['legacy', 'standard'] as const;
export type Dialect = (typeof DIALECTS)[number];

export const FORMATS = ['esm', 'cjs'] as const;
export type Format = (typeof FORMATS)[number];

/** Makes a file name from a title. Its extension tells Node the module system. */
export const fileOf = (title: string, format: Format): string =>
  folderOf(title) + (format === 'esm' ? '.mjs' : '.cjs');

export const folderOf = (title: string): string => title.replaceAll(/\W+/g, '-');
