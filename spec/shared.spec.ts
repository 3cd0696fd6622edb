import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { sharedSymbol } from '../lib/shared.js';

/** What the copies of this package hand to each other, directly or through other types. */
const SHARED_TYPES = [
  'CurrentAttempt',
  'OpenConnections',
  'RecordedHook',
  'Tracker',
  'UncaughtTaker',
  'Watchdog',
];

/**
 * The shape that each version has. An entry of a version that was published never changes: add one for the next version, and
 * raise `VERSION` in `lib/shared.ts`. Then two copies of different shapes leave each other alone.
 */
const SHAPES: Readonly<Record<string, string>> = {
  2: 'b1043e573f4afefd',
};

const root = fileURLToPath(new URL('../../..', import.meta.url));
const filesIn = (folder: string, extension: string): string[] =>
  readdirSync(join(root, folder), { encoding: 'utf8', recursive: true })
    .filter((name) => name.endsWith(extension))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'));

/** The names under which values are kept on `globalThis`, and symbols are registered. */
function sharedNames(): string[] {
  const calls = filesIn('lib', '.ts').flatMap((source) => [
    ...source.matchAll(/\b(?:sharedByCopies|sharedSymbol|onceAThread)\(\s*'([\w-]+)'/g),
  ]);
  return [...new Set(calls.map(([, name]) => name as string))].sort();
}

/** The declaration of each type of `lib`, without comments and line breaks. */
function declarations(): ReadonlyMap<string, string> {
  const statements = filesIn('dist/esm', '.d.ts')
    .map((text) => text.replaceAll(/\/\*[\s\S]*?\*\//g, ''))
    .flatMap((text) => text.split(/^(?=(?:export|declare|interface|type|import) )/m));
  return new Map(
    statements.flatMap((statement) => {
      const [, name] = /^[a-z ]*\b(?:interface|class|type) (\w+)\b(?! from)/.exec(statement) ?? [];
      return name ? [[name, statement.replaceAll(/\s+/g, ' ').trim()] as const] : [];
    }),
  );
}

/** The declarations of some types, and of all types of `lib` that these name. */
function reachable(names: readonly string[]): string[] {
  const all = declarations();
  const found = new Set(names);
  for (const name of found) {
    for (const [word] of (all.get(name) ?? '').matchAll(/\w+/g)) if (all.has(word)) found.add(word);
  }
  return [...found].sort().map((name) => all.get(name) ?? `no type ${name}`);
}

describe('what copies of this package on a thread share (R23, R24)', () => {
  it('has a type for each name in this list', () => {
    expect(reachable(SHARED_TYPES).join()).not.to.include('no type');
  });

  it('has the version of its shape', () => {
    const [, version = ''] = /@(\d+):/.exec(sharedSymbol('any').description ?? '') ?? [];
    const shape = createHash('sha256')
      .update([...sharedNames(), ...reachable(SHARED_TYPES)].join('\n'))
      .digest('hex')
      .slice(0, 16);
    const advice = `If version ${version} was published, raise \`VERSION\` in lib/shared.ts. Then set the shape of the version here`;
    expect(shape, advice).to.equal(SHAPES[version]);
  });
});
