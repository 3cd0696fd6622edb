import { writeErrorStacks } from './error-stacks.js';
import { inspect, isError } from './inspect.js';
import type { StackBudget } from './stack-budget.js';
import { mayBeMapped, withoutMaps } from './written-stacks.js';

/**
 * What a logger must have: Powertools' `Logger`, `console` and most others have it.
 *
 * Both methods get a line of text, and a detail: an error, or a text that says what to do. A logger that writes its arguments
 * in another order needs two methods around it.
 *
 * @example
 * ```ts
 * import { GracefulTimeout, type TimeoutLogger } from 'lambda-graceful-timeout';
 *
 * const toJson = (message: string, detail: unknown) =>
 *   JSON.stringify({ message, detail: String(detail) });
 *
 * export const ourLogger: TimeoutLogger = {
 *   error: (message, detail) => console.error(toJson(message, detail)),
 *   warn: (message, detail) => console.warn(toJson(message, detail)),
 * };
 * export const OurTimeout = () => GracefulTimeout({ marginMs: 1000, logger: ourLogger });
 * ```
 */
export interface TimeoutLogger {
  /** Gets timeouts, and hooks that have failed or were abandoned. */
  error(message: string, detail: Error | string): void;
  /** Gets what is no failure of the invocation, such as what its code does after its end. */
  warn(message: string, detail: Error | string): void;
}

/** What to do where an environment has been damaged. */
export const ASK_FOR_ANOTHER = '`process.exit(1)` in the last @Finally hook asks for another one.';

/**
 * Logs a message and its detail. What the logger fails to write goes to `console`, and never fails for the caller.
 *
 * @param stacks - what the stacks in the detail may cost, where other steps wait for this one
 */
export function log(
  logger: TimeoutLogger,
  level: keyof TimeoutLogger,
  message: string,
  detail: unknown,
  stacks?: StackBudget,
): void {
  if (stacks) writeErrorStacks(detail, stacks);
  const shown = isError(detail) || typeof detail === 'string' ? detail : inspect(detail);
  // What the logger finds deeper in the detail has no time to be mapped.
  const call = stacks && mayBeMapped() ? withoutMaps : callNow;
  tryEach([
    () => call(() => logger[level](message, shown)),
    () => call(() => console[level](message, shown)),
    // The detail may be what cannot be written.
    () => console[level](message),
  ]);
}

const callNow = <Result>(code: () => Result): Result => code();

/** Calls functions, one after the other, until one of them neither throws nor rejects. */
async function tryEach([first, ...others]: (() => unknown)[]): Promise<void> {
  try {
    await first?.();
  } catch {
    await tryEach(others);
  }
}
