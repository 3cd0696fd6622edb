import { isError } from './inspect.js';
import type { StackBudget } from './stack-budget.js';
import { mayBeMapped, writeStacks } from './written-stacks.js';

/** How many errors are looked at. */
const MAX_ERRORS = 20;

/**
 * Writes out the stack of an error and of those that it leads to, because a logger that reads one first would parse its source
 * maps, however long that takes. Nothing else of them is changed.
 */
export function writeErrorStacks(error: unknown, budget: StackBudget): void {
  if (!mayBeMapped()) return;
  const errors = new Set([error].filter(isError));
  // The set grows meanwhile.
  for (const each of errors) {
    writeStacks([each], budget);
    for (const next of errorsIn(each)) if (errors.size < MAX_ERRORS) errors.add(next);
  }
}

/** The errors in the fields of an error, as `cause` and `errors`. Getters are not called. */
function errorsIn(error: Error): Error[] {
  try {
    const fields = Object.values(Object.getOwnPropertyDescriptors(error)).map(
      ({ value }) => value as unknown,
    );
    return fields
      .flatMap((value) => (Array.isArray(value) ? value.slice(0, MAX_ERRORS) : [value]))
      .filter(isError);
  } catch {
    return []; // a proxy that refuses to be looked at
  }
}
