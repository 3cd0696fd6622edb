import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';

const waiting: (() => void)[] = [];
let free = availableParallelism();

/** Runs a program and returns its output. Waits until fewer programs run than there are processors. */
export const run = (file: string, args: readonly string[], cwd: string): Promise<string> =>
  inTurn(
    () =>
      new Promise((resolve, reject) => {
        execFile(file, args, { cwd, timeout: 100_000 }, (error, stdout, stderr) => {
          if (error) reject(new Error(`${error.message}\n${stdout}\n${stderr}`));
          else resolve(stdout);
        });
      }),
  );

async function inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
  if (free > 0) free--;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await task();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else free++;
  }
}
