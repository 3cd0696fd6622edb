import type { TimeoutLogger } from '../report/logger.js';
import { StackBudget } from '../report/stack-budget.js';
import type { TimeoutFacts } from '../report/timeout-report.js';
import type { StepRunner, Watchdog } from '../watchdog/watchdog.js';
import type { LambdaContext } from './lambda-context.js';

/** A decorated handler and what its decorator was told. */
export interface GuardedHandler {
  readonly method: (...args: unknown[]) => unknown;
  readonly marginMs: number;
  readonly reserveMs: number;
  readonly logger: TimeoutLogger;
  readonly preempt: boolean;
  readonly watchdog: Watchdog;
}

/** What is known of an invocation from its start, without its event and its stream, which must not live longer than it. */
export interface InvocationFacts extends TimeoutFacts {
  readonly self: unknown;
  readonly context: unknown;
  readonly deadlineAtMs: number;
  readonly hookDeadlineAtMs: number;
  readonly logger: TimeoutLogger;
  /** What its stacks may cost. */
  readonly stacks: StackBudget;
  readonly watchdog: Watchdog;
  readonly runAlone: StepRunner;
}

/** Fixes the facts of an invocation that starts now. */
export function factsOf(
  { marginMs, reserveMs, preempt, logger, watchdog }: GuardedHandler,
  handlerName: string,
  { context, requestId, remainingMs }: LambdaContext,
  self: unknown,
): InvocationFacts {
  const startedAtMs = performance.now();
  const hardDeadlineAtMs = startedAtMs + remainingMs;
  const hookDeadlineAtMs = hardDeadlineAtMs - reserveMs;
  return {
    handlerName,
    requestId,
    marginMs,
    preempt,
    startedAtMs,
    remainingMs,
    hardDeadlineAtMs,
    self,
    context,
    deadlineAtMs: hardDeadlineAtMs - marginMs,
    hookDeadlineAtMs,
    logger,
    stacks: new StackBudget(hookDeadlineAtMs),
    watchdog,
    runAlone: watchdog.createStepRunner(),
  };
}
