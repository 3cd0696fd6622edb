import { setMaxListeners } from 'node:events';
import type { LambdaTimeoutError } from '../report/lambda-timeout-error.js';
import { isError } from '../report/show.js';
import { setStack } from '../report/stack.js';
import type { StackBudget } from '../report/stack-budget.js';
import { addInterruption } from '../report/timeout-report.js';

type AnyFunction = (...args: never) => unknown;

/** The deadline of one attempt: its time, its error and its signal. Error and signal are made when they are first needed. */
export class Expiry {
  readonly atMs: number;
  readonly #report: (blockedAt: string | undefined) => LambdaTimeoutError;
  #hasCome = false;
  #error: LambdaTimeoutError | undefined;
  #controller: AbortController | undefined;
  readonly #stacks: StackBudget;
  #blockedAt: ((stacks: StackBudget) => string) | undefined;

  /**
   * @param atMs - on the clock of `performance.now()`; `Infinity` for never
   * @param report - makes the error; gets the stack that blocked the event loop, if it was interrupted
   * @param stacks - what its stacks may cost
   */
  constructor(
    atMs: number,
    report: (blockedAt: string | undefined) => LambdaTimeoutError,
    stacks: StackBudget,
  ) {
    this.atMs = atMs;
    this.#report = report;
    this.#stacks = stacks;
  }

  get expired(): boolean {
    return this.#hasCome || performance.now() >= this.atMs;
  }

  remainingMs(): number {
    return Math.max(0, this.atMs - performance.now());
  }

  /** Time since the deadline, in whole ms. */
  lateByMs(): number {
    return Math.round(performance.now() - this.atMs);
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      // Many requests may listen to it at once, and Node 20 would warn of a leak.
      setMaxListeners(0, this.#controller.signal);
      if (this.#hasCome) this.abort();
    }
    return this.#controller.signal;
  }

  /** The one error of this deadline. It has no stack, because a timer makes it. */
  get error(): LambdaTimeoutError {
    return this.errorBelow();
  }

  /** The one error of this deadline. If this call makes it, its stack begins at the caller of `entry`. */
  errorBelow(entry?: AnyFunction): LambdaTimeoutError {
    if (!this.#error) {
      this.#error = this.#report(this.#blockedAt?.(this.#stacks));
      setStack(this.#error, this.#stacks, entry);
    } else if (this.#blockedAt && !this.#error.preempted) {
      addInterruption(this.#error, this.#blockedAt(this.#stacks));
    }
    return this.#error;
  }

  /** Notes that the deadline has come, whatever the clock says. Makes the error now, before anything is cancelled. */
  come(): void {
    this.#hasCome = true;
    void this.error;
  }

  /** Aborts the signal, if there is one. Its listeners are user code. */
  abort(): void {
    this.#controller?.abort(this.error);
  }

  /** Notes that the code is being interrupted. `blockedAt` is called later, because the code is still running. */
  interrupt(blockedAt: (stacks: StackBudget) => string): void {
    this.#blockedAt = blockedAt;
  }

  isOwnError(reason: unknown): reason is LambdaTimeoutError {
    return this.#error !== undefined && reason === this.#error;
  }

  /**
   * Whether an error only says that the code stopped because its signal aborted. Node's own functions wrap the reason of the
   * signal, and older versions of the AWS SDK lose it.
   */
  isCausedByAbort(reason: unknown): boolean {
    try {
      const isWrapper = isError(reason) && reason.name === 'AbortError';
      const isReasonLost = isWrapper && reason.cause === undefined && this.#controller?.signal.aborted;
      return isReasonLost || this.isOwnError(isWrapper ? reason.cause : reason);
    } catch {
      return false; // it has a getter that throws
    }
  }
}
