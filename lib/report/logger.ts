import { writeErrorStacks } from './error-stacks.js';
import { isError, show } from './show.js';
import type { StackBudget } from './stack-budget.js';

/** What is needed of a logger: Powertools' `Logger`, `console` and most others have it. */
export interface TimeoutLogger {
  error(message: string, detail: Error | string): void;
  warn(message: string, detail: Error | string): void;
}

/**
 * Logs a message and its detail. A failure of the logger, or of showing the detail, changes nothing for the caller.
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
  // Asynchronous, so that one `catch` is enough for a logger that throws and one that rejects.
  const written = (async () => {
    if (stacks) writeErrorStacks(detail, stacks);
    const shown = isError(detail) || typeof detail === 'string' ? detail : show(detail);
    return logger[level](message, shown);
  })();
  written.catch(() => {});
}
