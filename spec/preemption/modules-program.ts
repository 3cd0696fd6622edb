/** Interrupts a handler while it loads a module, in the way that the arguments name. Prints a report as a line of JSON. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GracefulTimeout, LambdaTimeoutError } from 'lambda-graceful-timeout';
import { FakeContext } from '../support/context.js';

/** Blocks when the module is loaded for the first time, until a warning is logged. */
const LOOP_ONCE = 'while (!globalThis.isQuick);';

const modules: Record<string, string> = {
  'slow.cjs': `exports.first = 1; ${LOOP_ONCE} exports.second = 2;`,
  'deep.cjs': `exports.first = 1; const recur = (depth) => { if (depth > 0) recur(depth - 1); else { ${LOOP_ONCE} } }; recur(500); exports.second = 2;`,
  'whole.cjs': 'exports.value = {};',
  'parent.cjs': `exports.whole = require('./whole.cjs'); exports.slow = require('./slow.cjs'); exports.end = true;`,
  'caller.cjs': `exports.load = () => require('./parent.cjs');`,
  'grandparent.cjs': `exports.parent = require('./parent.cjs'); exports.end = true;`,
  'deep-parent.cjs': `exports.slow = require('./deep.cjs'); exports.end = true;`,
  'slow.mjs': `const work = () => { ${LOOP_ONCE} }; work(); export const second = 2;`,
  'parent.mjs': `export * from './slow.mjs';`,
  'grandparent.mjs': `export * from './parent.mjs';`,
  'slow-later.mjs': `export const first = await 1; ${LOOP_ONCE} export const second = 2;`,
  'parent-of-later.mjs': `export * from './slow-later.mjs';`,
  'behind-a-wait.mjs': `import './waits.mjs'; const work = () => { ${LOOP_ONCE} }; work(); export const second = 2;`,
  'waits.mjs': `await new Promise((resolve) => setTimeout(resolve, 1));`,
  'of-commonjs.mjs': `export { default } from './parent.cjs';`,
};

const folder = mkdtempSync(join(tmpdir(), 'lambda-graceful-timeout-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
for (const [name, source] of Object.entries(modules)) writeFileSync(join(folder, name), source);

const require = createRequire(import.meta.url);
const load = (name: string): unknown => require(join(folder, name));
const importModule = (name: string): Promise<unknown> => import(pathToFileURL(join(folder, name)).href);

const warnings: string[] = [];
const logger = {
  error() {},
  warn(message: string, detail: unknown) {
    warnings.push(`${message.replace(pathToFileURL(folder).href, '').replace(folder, '')}: ${detail}`);
    Object.assign(globalThis, { isQuick: true });
  },
};

class Tasks {
  @GracefulTimeout({ marginMs: 1000, preempt: true, logger })
  async handler(work: () => unknown, _context: unknown): Promise<unknown> {
    return work();
  }
}

const tasks = new Tasks();

/** Invokes a handler that does this work and has this much time until its deadline. Returns how it ended. */
async function invoke(timeMs: number, work: () => unknown): Promise<unknown> {
  const [outcome] = await Promise.allSettled([tasks.handler(work, new FakeContext(timeMs + 1000))]);
  if (outcome.status === 'fulfilled') return { ...(outcome.value as object) };
  const { reason } = outcome;
  if (!(reason instanceof LambdaTimeoutError)) return { reason: String(reason) };
  const [blockedAt = null] = reason.blockedAt?.replaceAll(folder, '').split('\n') ?? [];
  return { name: reason.name, blockedAt };
}

const [kind = '', name = '', change] = process.argv.slice(2);
if (change === 'frozen') Object.freeze(Error);
const whole = load('whole.cjs');
const caller = load('caller.cjs') as { load(): unknown };
const ways: Record<string, () => unknown> = {
  require: () => load(name),
  import: () => importModule(name),
  'require later': () => caller.load(),
};
const loadIt = (): unknown => ways[kind]?.();
const blocked = await invoke(300, loadIt);
Object.assign(globalThis, { isQuick: true });
const again = await invoke(500, loadIt);
const isSame = load('whole.cjs') === whole;
const modulesInMemory = Object.values(require.cache).flatMap((module) => module?.children ?? []);
const halfLoaded = modulesInMemory.filter(({ loaded }) => !loaded).length;
console.log(JSON.stringify({ blocked, again, isSame, halfLoaded, warnings }));
