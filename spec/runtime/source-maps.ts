import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { enlarge } from '../support/source-map.js';

const SOURCE = fileURLToPath(new URL('../../../../spec/runtime/source-map-handlers.ts', import.meta.url));
const FOLDER = fileURLToPath(new URL('../../../source-maps', import.meta.url));

export type Place = 'beside' | 'inside';

const bundles = new Map<string, Promise<string>>();

/** Bundles the handlers, once, with a source map of about a number of bytes, and returns the folder. */
export function bundleWithMap(bytes: number, place: Place): Promise<string> {
  const key = `${bytes}-${place}`;
  const made = bundles.get(key) ?? bundle(bytes, place);
  bundles.set(key, made);
  return made;
}

async function bundle(bytes: number, place: Place): Promise<string> {
  const taskRoot = join(FOLDER, `${bytes}-${place}`);
  mkdirSync(taskRoot, { recursive: true });
  const outfile = join(taskRoot, 'index.mjs');
  await build({
    entryPoints: [SOURCE],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: true,
  });
  const text = enlarge(readFileSync(`${outfile}.map`, 'utf8'), bytes);
  writeFileSync(`${outfile}.map`, text);
  if (place === 'inside') {
    const url = `data:application/json;base64,${Buffer.from(text).toString('base64')}`;
    writeFileSync(outfile, readFileSync(outfile, 'utf8').replace('index.mjs.map', url));
  }
  return taskRoot;
}
