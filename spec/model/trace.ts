/** Something that is seen of a scenario. What belongs to a call names its request. */
export interface Line {
  readonly atMs: number;
  readonly text: string;
  /** Whether a class is told it but once. */
  readonly isOncePerClass?: boolean;
}

/**
 * Sorts what is seen by call, since the contract decides no order between calls. For the same reason what abandoned
 * code does, and what a promise tells, comes behind everything else of its millisecond.
 */
export function byCall(lines: readonly Line[]): Record<string, string[]> {
  const calls: Record<string, Line[]> = {};
  for (const line of lines) {
    const call = /request-\d/.exec(line.text)?.[0] ?? 'class';
    calls[call] ??= [];
    calls[call].push(line);
  }
  const written = Object.entries(calls).map(([call, own]) => [call, own.sort(compare).map(write)]);
  return Object.fromEntries(written);
}

const compare = (one: Line, other: Line): number =>
  one.atMs - other.atMs ||
  Number(isUnordered(one)) - Number(isUnordered(other)) ||
  (isUnordered(one) ? one.text.localeCompare(other.text) : 0);

const isUnordered = ({ text }: Line): boolean =>
  / late, after | left an error uncaught| through its race/.test(text) || !text.includes('request-');

const write = ({ atMs, text }: Line): string => `${atMs} ms: ${text}`;

/** A LambdaTimeoutError, which is known by what it says. */
export const timeoutError = (
  message: string,
  request: string,
  remainingMs: number,
  lateByMs: number,
): string => `${shorten(message)} [${request}, ${remainingMs} ms left, ${lateByMs} ms late]`;

/** Leaves out what a message says of what kept the invocation busy. */
export const shorten = (message: string): string => message.replace(/(after -?\d+ ms)[,;].*/, '$1');

export const aggregateError = (errors: readonly unknown[]): string =>
  `all of (${errors.map(String).join(', ')})`;

/** What code that asks is told of its time. */
export const timeLeft = (ms: number): string => ` with ${Math.round(ms * 1000) / 1000} ms left`;
