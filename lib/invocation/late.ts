import { log } from '../report/logger.js';
import type { InvocationFacts } from './invocation-facts.js';

/** What code can still do once nobody waits for it. */
export const LATE = {
  answer: 'answered late, after it had timed out',
  rejection: 'rejected late, after it had ended',
  interruption: 'blocked the event loop after it had ended, and was interrupted',
  uncaught: 'left an error uncaught, after its deadline',
} as const;

/** Logged in place of a late answer, which may contain the user's data. */
export const UNHEARD =
  'Nobody waits for it any more. Give `currentDeadline().signal` to what it waits for, or raise the timeout of the function.';

/** Logs what code still does, with the id of its own request: the runtime would add that of the one that runs by then. */
export function logLate(
  { logger, requestId = 'without an id' }: InvocationFacts,
  name: string,
  what: keyof typeof LATE,
  detail: unknown,
): void {
  log(logger, 'warn', `${name} ${LATE[what]}, in request ${requestId}`, detail);
}

/** Warns that the import of an ECMAScript module was interrupted. Node never loads such a module again. */
export function logHalfImported({ logger }: InvocationFacts, name: string, module: string): void {
  const detail = `This environment cannot import it any more. \`process.exit(1)\` in the last @Finally hook asks for another one.`;
  log(logger, 'warn', `${name} was interrupted in the middle of an import of ${module}`, detail);
}
