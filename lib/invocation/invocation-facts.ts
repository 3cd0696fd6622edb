import type { CurrentAttempt, InFlight } from '../deadline/current-attempt.js';
import { Timer } from '../deadline/timer.js';
import { idleTimeMs } from '../report/delay.js';
import type { TimeoutLogger } from '../report/logger.js';
import { StackBudget } from '../report/stack-budget.js';
import type { TimeoutFacts } from '../report/timeout-report.js';
import type { StepRunner, Watchdog } from '../watchdog/watchdog.js';
import type { GuardedClass } from './hook.js';
import type { LambdaContext } from './lambda-context.js';

/** A decorated handler and what its decorator was told. */
export interface GuardedHandler {
  readonly method: (...args: unknown[]) => unknown;
  /** How many the method declares. */
  readonly parameters: number;
  readonly marginMs: number;
  /** Default: a tenth of the margin, or of the time that is left, if that is less. */
  readonly reserveMs: number | undefined;
  readonly logger: TimeoutLogger;
  readonly preempt: boolean;
  readonly watchdog: Watchdog;
}

/** What is known of an invocation from its start, without its event and its stream. */
export interface InvocationFacts extends TimeoutFacts {
  readonly handler: GuardedHandler;
  readonly guarded: GuardedClass;
  /** How long the event loop had been idle at the start: see `busyTimeMs`. */
  readonly idleAtStartMs: number;
  /** Undefined once it has settled: what it leaves open may live much longer, and must not keep these in memory. */
  inFlight: InFlight | undefined;
  /** The attempt in whose code the handler was called. */
  readonly below: CurrentAttempt | undefined;
  readonly deadlineAtMs: number;
  readonly hookDeadlineAtMs: number;
  readonly logger: TimeoutLogger;
  /** What the stacks that are written before its end may cost. */
  readonly stacks: StackBudget;
  /** That of the attempt that runs. Set in a step, so that the watchdog does not take it for the code of the attempt. */
  readonly timer: Timer;
  readonly watchdog: Watchdog;
  readonly runAlone: StepRunner;
}

/** Who has called a handler: on which instance, and in the code of which attempt, if any. */
export interface Call {
  readonly self: unknown;
  readonly below: CurrentAttempt | undefined;
}

/** Fixes the facts of an invocation that starts now. */
export function factsOf(
  handler: GuardedHandler,
  guarded: GuardedClass,
  { context, requestId, remainingMs }: LambdaContext,
  { self, below }: Call,
): InvocationFacts {
  const { marginMs, reserveMs, preempt, logger, watchdog } = handler;
  const startedAtMs = performance.now();
  const hardDeadlineAtMs = startedAtMs + remainingMs;
  const hookDeadlineAtMs =
    hardDeadlineAtMs - (reserveMs ?? Math.max(0, Math.min(marginMs, remainingMs)) / 10);
  return {
    handler,
    guarded,
    handlerName: guarded.handlerName,
    requestId,
    marginMs,
    preempt,
    startedAtMs,
    idleAtStartMs: idleTimeMs(),
    remainingMs,
    hardDeadlineAtMs,
    inFlight: { self, context },
    below,
    deadlineAtMs: hardDeadlineAtMs - marginMs,
    hookDeadlineAtMs,
    logger,
    stacks: new StackBudget(hookDeadlineAtMs),
    timer: new Timer(),
    watchdog,
    runAlone: watchdog.createStepRunner(),
  };
}
