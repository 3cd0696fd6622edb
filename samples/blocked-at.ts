import { readFile } from 'node:fs/promises';
import type { LogLine } from './local-lambda/invocation.js';

/** Where code was interrupted, read from the `blockedAt` of a LambdaTimeoutError. */
export interface BlockedAt {
  readonly functionName: string;
  /** For example `handler.ts:42`. */
  readonly position: string;
  /** The line of the source at that position. */
  readonly code: string;
}

// The frames of Node and V8 have no path.
const FRAME = /^at (?:\w+\.)?(?<functionName>\w+) \((?<path>.*?(?<file>[^/]+)):(?<line>\d+):\d+\)$/m;

/** Finds the LambdaTimeoutError in the lines of Powertools' Logger, and the line of the user's code in its stack. */
export async function findBlockedAt(lines: readonly LogLine[]): Promise<BlockedAt | undefined> {
  const stacks = lines.map(({ text }) => text.match(/"blockedAt":("(?:[^"\\]|\\.)*")/)?.[1]);
  const stack: string = JSON.parse(stacks.find((json) => json !== undefined) ?? '""');
  const { functionName = '', path = '', file, line } = stack.match(FRAME)?.groups ?? {};
  if (line === undefined) return undefined;
  const source = await readFile(path.replace('file://', ''), 'utf8');
  const code = source.split('\n')[Number(line) - 1]?.trim() ?? '';
  return { functionName, position: `${file}:${line}`, code };
}
