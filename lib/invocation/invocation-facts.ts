import { attempts, type CurrentAttempt, unlessOver } from '../deadline/current-attempt.js';
import type { TimeoutLogger } from '../report/logger.js';
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
  readonly watchdog: Watchdog;
  readonly runAlone: StepRunner;
  /** The attempt in whose code the handler was called, if that had not ended. */
  readonly below: CurrentAttempt | undefined;
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
    hookDeadlineAtMs: hardDeadlineAtMs - reserveMs,
    logger,
    watchdog,
    runAlone: watchdog.createStepRunner(),
    below: unlessOver(attempts.getStore()),
  };
}
