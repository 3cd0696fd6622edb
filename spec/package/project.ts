import { copyFile, cp, mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './commands.js';

/** The root of this repository, four folders above the compiled specs. */
export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const FIXTURES = join(ROOT, 'spec/package/fixtures');
const INSTALL = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];

/** The tarball that `npm pack` makes, and the throw-away projects outside the repository that install it. */
export interface Project {
  readonly tarball: string;
  readonly packedFiles: readonly string[];
  /** A project with the package, the compilers, `@types/node` and the fixtures. */
  readonly directory: string;
  /** A project with only the package and the fixtures. */
  readonly bareDirectory: string;
  /** Packs the package again, into a folder with this name, and returns the path of the tarball. */
  readonly pack: (folder: string) => Promise<string>;
  /** Makes another project from the fixture with this name, and returns its path. */
  readonly install: (name: string) => Promise<string>;
}

let preparation: Promise<Project> | undefined;
let temporary: string | undefined;

/** Packs the package and installs it, once for all specs. */
export function project(): Promise<Project> {
  preparation ??= prepare();
  return preparation;
}

after(async () => {
  if (temporary) await rm(temporary, { recursive: true });
});

async function prepare(): Promise<Project> {
  const parent = await realpath(await mkdtemp(join(tmpdir(), 'lambda-graceful-timeout-')));
  temporary = parent;
  const { filename, files } = await pack(parent);
  const tarball = join(parent, filename);
  const install = installer(parent, tarball);
  const [directory, bareDirectory] = await Promise.all([install('project'), install('bare-project')]);
  return {
    tarball,
    packedFiles: files.map(({ path }) => path),
    directory,
    bareDirectory,
    pack: async (folder) => {
      await mkdir(join(parent, folder));
      return join(parent, folder, (await pack(join(parent, folder))).filename);
    },
    install,
  };
}

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

async function pack(destination: string): Promise<Packed> {
  const args = ['pack', '--json', '--pack-destination', destination];
  const [packed] = JSON.parse(await run('npm', args, ROOT)) as Packed[];
  if (!packed) throw new Error('npm packed nothing');
  return packed;
}

/** Makes a project from the fixture with its name. Each source gets a copy for each module system. */
const installer =
  (parent: string, tarball: string): Project['install'] =>
  async (name) => {
    const directory = join(parent, name);
    await cp(join(FIXTURES, name), directory, { recursive: true });
    const sources = (await readdir(directory)).filter((file) => file.endsWith('.ts'));
    for (const source of sources.map((file) => join(directory, file))) {
      for (const extension of ['.mts', '.cts']) await copyFile(source, source.replace('.ts', extension));
    }
    await run('npm', [...INSTALL, tarball], directory);
    return directory;
  };
