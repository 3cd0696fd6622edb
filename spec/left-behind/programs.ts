import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const TIMEOUT_MS = 20_000;

/** How a process has ended, and what it has printed. */
export interface Run {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of this folder on this Node, with a scenario. Waits until it ends, and kills it if it hangs. */
export async function run(
  program: string,
  scenario: object,
  nodeOptions: readonly string[],
  nodeArguments: readonly string[] = [],
): Promise<Run> {
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  const file = fileURLToPath(new URL(`${program}.js`, import.meta.url));
  const child = spawn(process.execPath, [...nodeArguments, file, JSON.stringify(scenario)], {
    env: { ...env, NODE_OPTIONS: nodeOptions.join(' ') },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise<[number | null, string | null]>((resolve, reject) => {
    child.once('error', reject).once('close', (code, signal) => resolve([code, signal]));
  });
  const [[code, signal], stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, signal, stdout, stderr };
}
