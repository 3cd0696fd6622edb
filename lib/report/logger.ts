import { writeErrorStacks } from './error-stacks.js';
import { isError, show } from './show.js';
import type { StackBudget } from './stack-budget.js';

/** What is needed of a logger: Powertools' `Logger`, `console` and most others have it. */
export interface TimeoutLogger {
  error(message: string, detail: Error | string): void;
  warn(message: string, detail: Error | string): void;
}

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
  const shown = isError(detail) || typeof detail === 'string' ? detail : show(detail);
  tryEach([
    () => logger[level](message, shown),
    () => console[level](message, shown),
    // The detail may be what cannot be written.
    () => console[level](message),
  ]);
}

/** Calls functions, one after the other, until one of them neither throws nor rejects. */
async function tryEach([first, ...others]: (() => unknown)[]): Promise<void> {
  try {
    await first?.();
  } catch {
    await tryEach(others);
  }
}
