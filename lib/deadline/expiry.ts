import { setMaxListeners } from 'node:events';
import { attempted } from '../operations/attempted.js';
import type { Trail } from '../report/error-trail.js';
import { onlyHeeds, tellingOf, trailOf } from '../report/heeding.js';
import type { LambdaTimeoutError } from '../report/lambda-timeout-error.js';
import { setStack } from '../report/stack.js';
import type { StackBudget } from '../report/stack-budget.js';
import { addInterruption } from '../report/timeout-report.js';

type AnyFunction = (...args: never) => unknown;

/** Waits for a deadline. Called once, with its error. */
export type Waiter = (error: LambdaTimeoutError) => void;

/** Makes the error of a deadline. Gets what writes out the stack that blocked the event loop, if it was interrupted. */
type Report = (blockedAt: ((stacks: StackBudget) => string) | undefined) => LambdaTimeoutError;

/**
 * The deadline of one attempt: its time, its error, and who waits for it. Error and signal are made when they are first
 * needed. The deadline of the attempt that this one is below ends the time of the code as well, if it comes first.
 */
export class Expiry {
  readonly atMs: number;
  readonly #outer: Expiry | undefined;
  /** Undefined once the deadline can never come: who still waits for the outer one must not keep the attempt in memory. */
  #report: Report | undefined;
  #phase: 'ahead' | 'come' | 'never' = 'ahead';
  #error: LambdaTimeoutError | undefined;
  #controller: AbortController | undefined;
  #waiters: Set<Waiter> | undefined;
  readonly #stacks: StackBudget;
  #blockedAt: ((stacks: StackBudget) => string) | undefined;

  /**
   * @param atMs - on the clock of `performance.now()`; `Infinity` for never
   * @param outer - that of the attempt that this one is below
   * @param stacks - what its stacks may cost
   */
  constructor(atMs: number, outer: Expiry | undefined, stacks: StackBudget, report: Report) {
    this.atMs = atMs;
    this.#outer = outer;
    this.#stacks = stacks;
    this.#report = report;
  }

  get expired(): boolean {
    return this.#hasPassed || (this.#outer?.expired ?? false);
  }

  get #hasPassed(): boolean {
    return this.#phase === 'come' || (this.#phase === 'ahead' && performance.now() >= this.atMs);
  }

  remainingMs(): number {
    const ownMs = this.#phase === 'never' ? Number.POSITIVE_INFINITY : this.atMs - performance.now();
    return Math.max(0, Math.min(ownMs, this.#outer?.remainingMs() ?? ownMs));
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      allowManyListeners(this.#controller.signal);
      this.#listen();
      if (this.noticed) this.#controller.abort(this.noticed);
    }
    return this.#controller.signal;
  }

  /** The error of the deadline that was the first to come, once that has been noticed. */
  get noticed(): LambdaTimeoutError | undefined {
    return this.#outer?.noticed ?? (this.#phase === 'come' ? this.error : undefined);
  }

  /** The one error of this deadline. Without frames, unless `errorBelow` has made it. */
  get error(): LambdaTimeoutError {
    return this.#make();
  }

  /** The error for code whose time is over. If this call makes it, its stack begins at the caller of `entry`. */
  errorBelow(entry: AnyFunction): LambdaTimeoutError {
    return this.#outer && !this.#hasPassed ? this.#outer.errorBelow(entry) : this.#make(entry);
  }

  #make(entry?: AnyFunction): LambdaTimeoutError {
    if (!this.#error) {
      this.#error = (this.#report as Report)(this.#blockedAt);
      setStack(this.#error, this.#stacks, entry);
    } else if (this.#blockedAt && !this.#error.preempted) {
      addInterruption(this.#error, this.#blockedAt(this.#stacks));
    }
    return this.#error;
  }

  /** Calls `waiter` when the time of the code is over, unless it stops waiting before that. */
  wait(waiter: Waiter): void {
    this.#listen().add(waiter);
  }

  stopWaiting(waiter: Waiter): void {
    this.#waiters?.delete(waiter);
    this.#leaveOuter();
  }

  #listen(): Set<Waiter> {
    if (!this.#waiters) {
      this.#waiters = new Set();
      this.#outer?.wait(this.#onOuter);
    }
    return this.#waiters;
  }

  readonly #onOuter: Waiter = (error) => this.#tell(error);

  /** Waits for the outer one no longer, if nobody waits for this one: a handler may call thousands of others. */
  #leaveOuter(): void {
    if (this.#phase !== 'never' || this.#controller || this.#waiters?.size !== 0) return;
    this.#waiters = undefined;
    this.#outer?.stopWaiting(this.#onOuter);
  }

  /** Notes that the deadline has come, whatever the clock says. Makes the error now, before anything is cancelled. */
  come(): void {
    this.#phase = 'come';
    void this.error;
  }

  /** Notes that the code has ended in time: the deadline never comes, not even for what the code has left running. */
  neverCome(): void {
    this.#phase = 'never';
    this.#report = undefined;
    this.#leaveOuter();
  }

  /** Tells all that wait for it. If one of them is interrupted, another call tells the others. */
  tell(): void {
    this.#tell(this.error);
  }

  #tell(error: LambdaTimeoutError): void {
    const waiters = this.#waiters ?? new Set<Waiter>();
    for (const waiter of waiters) {
      waiters.delete(waiter);
      waiter(error);
    }
    // Last, because its listeners are user code, which may block the event loop and be interrupted.
    try {
      this.#controller?.abort(error);
    } catch (thrown) {
      // That of a polyfill may throw what a listener has thrown. Node's own leaves that uncaught in the same way.
      process.nextTick(() => {
        throw thrown;
      });
    }
  }

  /**
   * Notes that the code is being interrupted. `blockedAt` is called later, because the code is still running. The first one
   * tells what has blocked until the deadline.
   */
  interrupt(blockedAt: (stacks: StackBudget) => string): void {
    this.#blockedAt ??= blockedAt;
  }

  /** Whether an error says that this very deadline has passed, and nothing more. */
  isSaidBy(reason: unknown): boolean {
    const error = this.#error;
    return error !== undefined && onlyHeeds(reason, (value) => value === error, false);
  }

  /**
   * Whether an error only says that the code stopped because its time was over.
   *
   * @param isKnown - recognizes other timeouts, which say nothing new
   */
  isHeededBy(reason: unknown, isKnown: (value: unknown) => boolean): boolean {
    const isReason = this.#isReason;
    return onlyHeeds(reason, (value) => isReason(value) || isKnown(value), this.#hasAborted);
  }

  /** Follows an error to what only says that the code stopped because its time was over. */
  follow(reason: unknown): Trail {
    return trailOf(reason, this.#isReason, this.#hasAborted);
  }

  /** Recognizes the timeouts that code whose time is over may throw. */
  get #isReason(): (value: unknown) => boolean {
    return tellingOf([this.#error, this.#outer?.noticed].filter((timeout) => timeout !== undefined));
  }

  get #hasAborted(): boolean {
    return this.#controller?.signal.aborted ?? false;
  }
}

/** Many requests may listen to one signal, and Node 20 would warn of a leak. The signal may be that of a polyfill. */
function allowManyListeners(signal: AbortSignal): void {
  // Not 0: up to Node 20, `getMaxListeners`, which undici calls, throws for such a signal.
  attempted(() => setMaxListeners(Number.POSITIVE_INFINITY, signal));
}
