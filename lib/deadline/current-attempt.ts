import { AsyncLocalStorage } from 'node:async_hooks';
import type { PendingOperations } from '../report/pending-operations.js';
import { shared } from '../shared.js';
import { type Deadline, NoDeadline } from './deadline.js';

/**
 * Where one run of user code, a handler or a hook, is in its life:
 *
 * - `running`: its deadline has not come, or has not been noticed
 * - `in grace`: its deadline has come; it can still end by itself
 * - `cut off`: its time is over, or it was interrupted; it can only time out
 * - `ended`: by itself, before its deadline was noticed
 * - `ended late`: by itself, with an answer, in its grace
 * - `timed out`: whatever it still does is late
 */
export type AttemptState = 'running' | 'in grace' | 'cut off' | 'ended' | 'ended late' | 'timed out';

/** What the async context tells of the attempt that runs in it, which may be one of another copy of this package. */
export interface CurrentAttempt {
  readonly state: AttemptState;
  /** What makes two calls of decorated handlers one invocation: the same instance, the same context. */
  readonly self: unknown;
  readonly context: unknown;
  /** Whether a watchdog is to interrupt it where it blocks the event loop, and from which moment on. */
  readonly isWatched: boolean;
  readonly cutOffAtMs: number;
  /** Where to note what the code begins; undefined where nobody asks for it any more. */
  readonly pending: PendingOperations | undefined;
  /** The deadline that the code sees. Code that has asked for it before it comes has grace afterwards. */
  askForDeadline(): Deadline;
  /** Takes an error that nobody has caught, where the code can do no harm any more. */
  takeUncaught(reason: unknown): void;
  /**
   * Notes that the code has been interrupted.
   *
   * @param blockedAt - writes the stack, in a later macrotask
   * @param importing - the ECMAScript module that was being loaded, if one was
   */
  interrupt(blockedAt: () => string, importing: string | undefined): void;
}

/** Holds the attempt whose code is running. */
export const attempts: AsyncLocalStorage<CurrentAttempt> = shared('attempts', () => new AsyncLocalStorage());

/** In the place of an attempt for code of this package's own, which must never be interrupted. */
export const NO_ATTEMPT: CurrentAttempt = {
  state: 'running',
  self: Symbol('none'),
  context: undefined,
  isWatched: false,
  cutOffAtMs: Number.POSITIVE_INFINITY,
  pending: undefined,
  askForDeadline: () => new NoDeadline(),
  takeUncaught() {},
  interrupt() {},
};
