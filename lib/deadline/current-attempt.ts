import { AsyncLocalStorage } from 'node:async_hooks';
import type { Operations } from '../operations/operations.js';
import type { StackBudget } from '../report/stack-budget.js';
import { sharedByCopies } from '../shared.js';
import { type Deadline, NoDeadline } from './deadline.js';
import type { Expiry } from './expiry.js';

/**
 * The state of one run of user code, which is a handler or a hook:
 *
 * - `running`: its deadline has not come, or nobody has noticed yet that it has
 * - `in grace`: its deadline has come, and it can still end by itself
 * - `cut off`: its time is over, or it was interrupted; it can only time out
 * - `ended`: it ended by itself before its deadline was noticed
 * - `ended late`: it returned a value in its grace
 * - `timed out`: everything that it still does is late
 */
export type AttemptState = 'running' | 'in grace' | 'cut off' | 'ended' | 'ended late' | 'timed out';

/** An invocation that has not settled. A call of a decorated handler with the same two belongs to it. */
export interface InFlight {
  readonly self: unknown;
  readonly context: unknown;
}

/** What the async context holds: the attempt whose code is running. It may come from another copy of this package. */
export interface CurrentAttempt {
  readonly state: AttemptState;
  /**
   * The attempt in whose code this one was begun, as the record of a batch is begun by its handler: the code belongs to both.
   * Undefined once this one has ended after its deadline, since all that it still does is then its own.
   */
  readonly below: CurrentAttempt | undefined;
  /** Its invocation, until that has settled. */
  readonly inFlight: InFlight | undefined;
  /** Whether a watchdog interrupts it if it blocks the event loop after `cutOffAtMs`. */
  readonly isWatched: boolean;
  readonly cutOffAtMs: number;
  /** From when on it must not be kept waiting by abandoned code. Not later than its cut-off. */
  readonly deadlineAtMs: number;
  /** Until when its hooks, or the ones after it, may run. From its cut-off on, Node's own code takes part of this time. */
  readonly hookDeadlineAtMs: number;
  /** For how long what it has left behind may block before the hooks of its invocation: shorter once that has been interrupted. */
  readonly leavingMs: number;
  /** Where the operations that the code begins are noted; undefined once nobody asks for them any more. */
  readonly operations: Operations | undefined;
  /** Its deadline; undefined where there is none. */
  readonly expiry: Expiry | undefined;
  /** Returns the deadline for the code. Code that asks for it in time has grace after it. */
  askForDeadline(): Deadline;
  /** Logs an error of the code that nobody has caught. */
  takeUncaught(reason: unknown): void;
  /** Notes that the code must not win any more, because a part of it has been interrupted. */
  cutOff(): void;
  /**
   * Notes that the code has been interrupted.
   *
   * @param blockedAt - writes out the stack; must be called in a later macrotask
   * @param importing - the ECMAScript module that was being loaded, if one was
   */
  interrupt(blockedAt: (stacks: StackBudget) => string, importing: string | undefined): void;
}

/** Holds the attempt whose code is running. */
export const attempts: AsyncLocalStorage<CurrentAttempt> = sharedByCopies(
  'attempts',
  () => new AsyncLocalStorage(),
);

/** Whether nothing waits for the code of an attempt any more. */
export const isOver = ({ state }: CurrentAttempt): boolean =>
  state === 'ended' || state === 'ended late' || state === 'timed out';

/** Runs code of this package, or of a logger, as the code of no attempt. */
export const asNobody = <Result>(code: () => Result): Result => attempts.run(NO_ATTEMPT, code);

/** Stands for the attempt while this package's own code runs, which must never be interrupted. */
export const NO_ATTEMPT: CurrentAttempt = {
  state: 'running',
  below: undefined,
  expiry: undefined,
  inFlight: undefined,
  isWatched: false,
  cutOffAtMs: Number.POSITIVE_INFINITY,
  deadlineAtMs: Number.POSITIVE_INFINITY,
  hookDeadlineAtMs: Number.POSITIVE_INFINITY,
  leavingMs: Number.POSITIVE_INFINITY,
  operations: undefined,
  askForDeadline: () => new NoDeadline(),
  takeUncaught() {},
  cutOff() {},
  interrupt() {},
};
