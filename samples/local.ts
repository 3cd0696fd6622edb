// `npm run local -- dist/index.handler event.json`: runs a bundle of yours on the local Lambda.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { InvocationResult } from './local-lambda/invocation.js';
import { LocalLambda } from './local-lambda/local-lambda.js';
import { type LocalOptions, parseLocalOptions, USAGE, UsageError } from './local-options.js';
import { bold, cyan, dim, red, yellow } from './paint.js';
import { describeRuntime } from './verdict.js';

/** How much of a part of a stream is shown. */
const MAX_PART_LENGTH = 200;

async function run(options: LocalOptions): Promise<void> {
  const { taskRoot, handler, events, timeoutMs, memoryMb, env } = options;
  const lambda = new LocalLambda({
    taskRoot,
    handler,
    timeoutMs,
    ...(memoryMb !== undefined && { memoryMb }),
    env,
    // The runtime client writes a line break in a message as a carriage return, and CloudWatch shows it as a line break.
    onLine: ({ text }) => console.log(text.replaceAll('\r', '\n')),
  });
  const size = memoryMb === undefined ? '' : `, ${memoryMb} MB`;
  console.log(dim(`${describeRuntime(lambda.client)}, a timeout of ${timeoutMs / 1000} s${size}\n`));
  if (lambda.client === 'embedded') {
    warn(
      'AWS’s own runtime client is not compiled here, so an embedded one takes its place. To have it, install cmake and g++, and run `npm rebuild aws-lambda-ric` in the folder of this package.',
    );
  }
  try {
    for (const event of events) {
      const startedAtMs = performance.now();
      const showPart = (part: string) => printPart(performance.now() - startedAtMs, part);
      const result = await lambda.invoke(event, options.streams ? showPart : undefined);
      printResult(result, options);
      if (result.status === 'init failed') return;
    }
  } finally {
    await lambda.close();
  }
}

const warn = (text: string): void => console.warn(yellow(`${text}\n`));

function printPart(atMs: number, part: string): void {
  const isLong = part.length > MAX_PART_LENGTH;
  const rest = isLong ? ` and ${part.length - MAX_PART_LENGTH} characters more` : '';
  console.log(cyan(`→ ${Math.round(atMs)} ms  ${JSON.stringify(part.slice(0, MAX_PART_LENGTH))}${rest}`));
}

function printResult(result: InvocationResult, options: LocalOptions): void {
  const { status, response, body, streaming, error } = result;
  if (streaming && response !== undefined) print('HTTP response', response);
  if (streaming && body !== '') console.log(`\n${bold('Stream')}\n${body}`);
  if (error) print('Error', error);
  if (!error && !streaming) print('Response', response ?? null);
  if (options.streams && !streaming && status === 'succeeded') {
    warn('\nThe handler does not stream. To stream, wrap it in `awslambda.streamifyResponse(…)`.');
  }
  console.log();
  if (!error) return;
  process.exitCode = 1;
  const advice = status === 'init failed' ? advise(error, options) : undefined;
  if (advice !== undefined) console.error(red(`${advice}\n`));
}

const print = (title: string, value: unknown): void =>
  console.log(`\n${bold(title)}\n${JSON.stringify(value, null, 2)}`);

/** What to do about a function that could not be loaded, if that can be told. */
function advise(
  { errorType, errorMessage }: NonNullable<InvocationResult['error']>,
  options: LocalOptions,
): string | undefined {
  const { taskRoot, handler } = options;
  const [stem = '', ...names] = handler.split('.');
  const packageJson = MISTAKEN_FOR_A_MODULE.exec(errorMessage)?.[1];
  if (packageJson !== undefined) {
    return `If \`${stem}.js\` is CommonJS, Node mistakes it for an ES module, because \`${packageJson}\` has \`"type": "module"\`. Name it \`${stem}.cjs\`, which in esbuild is \`outExtension: { '.js': '.cjs' }\`, or put a \`package.json\` with \`{ "type": "commonjs" }\` beside it.`;
  }
  const exported = exportsOf(join(taskRoot, stem));
  const name = names.join('.');
  if (exported !== undefined && !exported.includes(names[0] ?? '')) {
    const list = exported.length === 0 ? 'nothing' : exported.map((other) => `\`${other}\``).join(', ');
    return `\`${stem}\` has no export \`${name}\`. It exports ${list}. Export a function of that name, or name another one.`;
  }
  if (errorType === 'Runtime.HandlerNotFound')
    return `What \`${stem}\` exports as \`${name}\` is not a function.`;
  if (errorType === 'Runtime.ImportModuleError') {
    return 'The file imports what is not there. Bundle that too, or install it beside the file.';
  }
  return undefined;
}

/** What Node says of a CommonJS file below a `package.json` that makes it an ES module. */
const MISTAKEN_FOR_A_MODULE = /^\w+ is not defined in ES module scope.*'(.*package\.json)' contains/s;

/** The names that a module exports, found in a process of its own; undefined if it cannot be loaded. */
function exportsOf(stem: string): readonly string[] | undefined {
  const file = ['.js', '.mjs', '.cjs'].map((extension) => stem + extension).find((path) => existsSync(path));
  const program = `
    globalThis.awslambda = { streamifyResponse: (handler) => handler, HttpResponseStream: {} };
    const { default: cjs, 'module.exports': same, ...names } = await import(${JSON.stringify(pathToFileURL(file ?? stem).href)});
    process.stdout.write('\\n' + JSON.stringify(Object.keys({ ...cjs, ...names })), () => process.exit());`;
  try {
    const args = ['--input-type=module', '--eval', program];
    const output = execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 10_000, stdio: 'pipe' });
    return JSON.parse(output.slice(output.lastIndexOf('\n')));
  } catch {
    return undefined;
  }
}

try {
  const { INIT_CWD: folder = process.cwd() } = process.env; // npm runs a script in the folder of its package
  await run(parseLocalOptions(process.argv.slice(2), folder));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${red(error.message)}\n\n${USAGE}`);
  process.exitCode = 1;
}
