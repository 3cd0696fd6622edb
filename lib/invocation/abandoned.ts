import { createHook, executionAsyncId } from 'node:async_hooks';
import { attempts, type CurrentAttempt } from '../deadline/current-attempt.js';
import { log } from '../report/logger.js';
import { StackBudget } from '../report/stack-budget.js';
import { shared } from '../shared.js';
import { takeUncaughtErrors } from '../uncaught.js';
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
  const detail = `This environment cannot import it any more. \`process.exit(1)\` in the last @Finally hook asks for another one.`;
  log(logger, 'warn', `${name} was interrupted in the middle of an import of ${module}`, detail);
}

/**
 * Holds back, from now on, the errors that code leaves uncaught after its deadline. They would end the process in the middle
 * of the hooks or of the next invocation.
 */
export function holdBackUncaught(): void {
  shared('held-back', () => {
    rememberLeftContexts(Number.parseInt(process.versions.node, 10));
    return takeUncaughtErrors(takeUncaught);
  });
}

/** Gives the error to the attempt in whose context it was thrown, if the deadline of that attempt has come. */
function takeUncaught(event: string, error: unknown, origin: unknown): boolean {
  const isOutside = origin === 'uncaughtException' && executionAsyncId() === 0;
  const attempt = attempts.getStore() ?? (isOutside ? lastLeft : undefined);
  if (!attempt || attempt.state === 'running' || attempt.state === 'ended') return false;
  // Node emits several events for one error: the monitor first, and with `--unhandled-rejections=strict` both others.
  const isRepeated = event === 'uncaughtExceptionMonitor' || origin === 'unhandledRejection';
  if (!isRepeated) attempt.takeUncaught(error);
  return true;
}

/** The attempt whose async context was left last, if no other has been entered since. */
let lastLeft: CurrentAttempt | undefined;

/**
 * Remembers which async context was left last, on a Node that needs it. Up to Node 22, Node reports an error from a callback
 * of `queueMicrotask` only after it has left the context of that callback, and in no context.
 */
export function rememberLeftContexts(nodeMajor: number, create = createHook): void {
  const hook = create({
    before() {
      lastLeft = undefined;
    },
    after() {
      lastLeft = attempts.getStore();
    },
  });
  if (nodeMajor < 24) hook.enable();
}
