import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const built = fileURLToPath(new URL('../../../../samples/.build/', import.meta.url));

export interface Run {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program of the samples as `npm start` and `npm run sample` do. */
export const runSamples = (...args: string[]): Promise<Run> => runIn({}, ...args);

/** Runs a program of the samples with these variables in its environment. */
export const runIn = (env: Readonly<Record<string, string>>, ...args: string[]): Promise<Run> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: built, env: { ...process.env, ...env } });
    let output = '';
    for (const pipe of [child.stdout, child.stderr]) {
      pipe.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', reject).on('close', (code) => resolve({ code, output }));
  });
