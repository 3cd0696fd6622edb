import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const TIMEOUT_MS = 30_000;

export interface Run {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: readonly string[];
  readonly stderr: string;
}

export interface RunOptions {
  /** Further arguments of a scenario. */
  readonly args?: readonly string[];
  readonly nodeArgs?: readonly string[];
  readonly timeoutMs?: number;
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the program measures time. If so, it runs without coverage, which makes code slower. */
  readonly isTimed?: boolean;
}

/** The programs of a folder, which run in processes of their own, on this Node. */
export interface Programs {
  /** Runs a program. Waits until it ends, and kills it if it hangs: `signal` is then set. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Run>;
  /** Runs a scenario of a program. The program must print its report as one line of JSON, and nothing else. */
  reportOf<Report>(program: string, scenario: string, options?: RunOptions): Promise<Report>;
}

/** @param folder - `import.meta.url` of a file in it */
export function programsOf(folder: string): Programs {
  const run: Programs['run'] = (program, args, options) =>
    runFile(fileURLToPath(new URL(`${program}.js`, folder)), args, options);
  const reportOf = async <Report>(program: string, scenario: string, options: RunOptions = {}) => {
    const { code, signal, stdout, stderr } = await run(program, [scenario, ...(options.args ?? [])], options);
    if (code !== 0 || stderr !== '' || stdout.length !== 1) {
      throw new Error(`${scenario} ended with ${code ?? signal}:\n${stdout.join('\n')}\n${stderr}`);
    }
    return JSON.parse(stdout[0] ?? '') as Report;
  };
  return { run, reportOf };
}

function runFile(file: string, args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { nodeArgs = [], timeoutMs = TIMEOUT_MS, isTimed = false } = options;
  const { NODE_OPTIONS: _, ...own } = process.env;
  const env: NodeJS.ProcessEnv = { ...own, ...options.env };
  if (isTimed) delete env.NODE_V8_COVERAGE;
  const preload = new URL('thread-from-file.js', import.meta.url).href;
  const imports = env.NODE_V8_COVERAGE === undefined ? [] : ['--import', preload];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...imports, ...nodeArgs, file, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout: stdout.split('\n').filter((line) => line !== ''), stderr }),
    );
  });
}
