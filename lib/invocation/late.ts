import { ASK_FOR_ANOTHER, log } from '../report/logger.js';
import { StackBudget } from '../report/stack-budget.js';
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

/** After the hook deadline no hook waits, but the next invocation may. So even then the time is limited. */
const LATE_MS = 1000;

/** What the stacks may cost that an invocation still writes. */
export function stacksOfLate({ stacks, hookDeadlineAtMs }: InvocationFacts): StackBudget {
  const now = performance.now();
  return now < hookDeadlineAtMs ? stacks : new StackBudget(now + LATE_MS);
}

/** Logs what code still does, with the id of its own request: the runtime would add that of the one that runs by then. */
export function logLate(
  facts: InvocationFacts,
  name: string,
  what: keyof typeof LATE,
  detail: unknown,
): void {
  const { logger, requestId = 'without an id' } = facts;
  log(logger, 'warn', `${name} ${LATE[what]}, in request ${requestId}`, detail, stacksOfLate(facts));
}

/** Warns that the import of an ECMAScript module was interrupted. Node never loads such a module again. */
export function logHalfImported({ logger }: InvocationFacts, name: string, module: string): void {
  const detail = `This environment cannot import it any more. ${ASK_FOR_ANOTHER}`;
  log(logger, 'warn', `${name} was interrupted in the middle of an import of ${module}`, detail);
}
