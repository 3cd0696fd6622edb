import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What `npm run local` is asked to run. */
export interface LocalOptions {
  /** The folder of the file, which Lambda would have unpacked as the deployment package. */
  readonly taskRoot: string;
  readonly handler: string;
  /** One invocation each, in the same process if it lives. */
  readonly events: readonly unknown[];
  readonly timeoutMs: number;
  readonly memoryMb?: number;
  readonly streams: boolean;
  readonly env: Readonly<Record<string, string>>;
}

/** A mistake in what the user has written. Its message says how to mend it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const USAGE = `  npm run local -- <file>.<export> <event.json> … [options]

  <file>.<export>     the function, as in the configuration of Lambda: dist/index.handler
  <event.json> …      files with one event each
  --timeout <s>       the timeout of the function in seconds; default: 3
  --memory <MB>       its memory, which limits the heap and the CPU; default: 128, but with a whole CPU
  --stream            shows each part of a streamed response as it arrives
  --env <NAME=value>  a variable of its environment; can be given more than once`;

const OPTIONS = {
  timeout: { type: 'string' },
  memory: { type: 'string' },
  stream: { type: 'boolean' },
  env: { type: 'string', multiple: true },
} as const;
const DEFAULT_TIMEOUT_S = 3;
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const MAX_TIMEOUT_S = 900;
const MIN_MEMORY_MB = 128;
const MAX_MEMORY_MB = 10_240;
const EXTENSIONS = ['.js', '.mjs', '.cjs'];

/**
 * @param folder - where relative paths begin
 * @throws UsageError
 */
export function parseLocalOptions(args: readonly string[], folder: string): LocalOptions {
  // Not `strict`, because Node's own messages do not say which options there are.
  const { values, positionals } = parseArgs({
    args: [...args],
    options: OPTIONS,
    strict: false,
    allowPositionals: true,
  });
  const unknown = Object.keys(values).find((name) => !(name in OPTIONS));
  if (unknown !== undefined) {
    const known = Object.keys(OPTIONS).map((name) => `--${name}`);
    const dashes = unknown.length > 1 ? '--' : '-';
    throw new UsageError(`There is no option \`${dashes}${unknown}\`. There are: ${known.join(', ')}.`);
  }
  const { timeout = String(DEFAULT_TIMEOUT_S), memory, stream = false, env = [] } = values;
  if (typeof stream === 'string') throw new UsageError(`\`--stream\` takes no value, got \`${stream}\`.`);
  const [file, ...eventFiles] = positionals;
  if (file === undefined)
    throw new UsageError('Which function? Write its file and its export: `dist/index.handler`.');
  const { taskRoot, handler } = findHandler(file, folder);
  if (eventFiles.length === 0) {
    throw new UsageError('Which event? Write a file of JSON after the function. `{}` in it is enough.');
  }
  return {
    taskRoot,
    handler,
    events: eventFiles.map((path) => readEvent(path, folder)),
    timeoutMs: toTimeoutMs(timeout),
    ...(memory !== undefined && { memoryMb: toMemoryMb(memory) }),
    streams: stream,
    env: Object.fromEntries([env].flat().map(toVariable)),
  };
}

function findHandler(text: string, folder: string): Pick<LocalOptions, 'taskRoot' | 'handler'> {
  const handler = basename(text);
  // Lambda too takes all after the first dot for the export.
  const [, stem = '', name = ''] = /^([^.]+)\.(.+)$/.exec(handler) ?? [];
  if (name === '' || EXTENSIONS.includes(`.${name}`)) {
    const example = join(dirname(text), `${stem || handler || 'index'}.handler`);
    throw new UsageError(`\`${text}\` names no export. Write it after the file’s name: \`${example}\`.`);
  }
  const taskRoot = resolve(folder, dirname(text));
  const isFile = (extension: string): boolean =>
    statSync(join(taskRoot, stem + extension), { throwIfNoEntry: false })?.isFile() ?? false;
  if (EXTENSIONS.some(isFile)) return { taskRoot, handler };
  if (isFile('.ts') || isFile('.mts')) {
    throw new UsageError(
      `\`${join(dirname(text), stem)}.ts\` is TypeScript, which Lambda does not run. Bundle it, for example with esbuild, and name the file that this writes.`,
    );
  }
  const files = EXTENSIONS.map((extension) => join(taskRoot, stem + extension)).join(', nor ');
  throw new UsageError(
    `There is no file for \`${text}\`: neither ${files}. Build it first, or mend the path.`,
  );
}

function readEvent(path: string, folder: string): unknown {
  const file = resolve(folder, path);
  if (!existsSync(file)) throw new UsageError(`There is no file \`${file}\` with an event. Mend the path.`);
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new UsageError(`The event in \`${file}\` cannot be read: ${reason}. Write one value of JSON.`);
  }
}

function toTimeoutMs(text: string | boolean): number {
  const seconds = Number(typeof text === 'string' && text !== '' ? text : Number.NaN);
  if (seconds > 0 && seconds <= MAX_TIMEOUT_S) return seconds * 1000;
  throw new UsageError(
    `Expected \`--timeout\` to be a number of seconds > 0 and <= ${MAX_TIMEOUT_S}, got ${show(text)}. Write \`--timeout 3\`.`,
  );
}

function toMemoryMb(text: string | boolean): number {
  const memoryMb = Number(text);
  const isValid = Number.isInteger(memoryMb) && memoryMb >= MIN_MEMORY_MB && memoryMb <= MAX_MEMORY_MB;
  if (isValid) return memoryMb;
  throw new UsageError(
    `Expected \`--memory\` to be a whole number of MB from ${MIN_MEMORY_MB} to ${MAX_MEMORY_MB}, got ${show(text)}. Write \`--memory 512\`.`,
  );
}

function toVariable(text: string | boolean): readonly [string, string] {
  const [, name, value] = /^(\w+)=(.*)$/s.exec(String(text)) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  throw new UsageError(
    `Expected \`--env\` to be a name and a value, got ${show(text)}. Write \`--env TABLE=orders\`.`,
  );
}

const show = (given: string | boolean): string => (typeof given === 'string' ? `\`${given}\`` : 'nothing');
