import { AsyncLocalStorage } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';
import type { Deadline } from './deadline.js';
import type { LambdaTimeoutError } from './lambda-timeout-error.js';
import { isError } from './show.js';

/** What makes two calls of decorated handlers one invocation: the same instance, the same context. */
export interface InvocationIdentity {
  readonly self: unknown;
  readonly context: unknown;
}

/** The deadline of one handler or hook that runs in an invocation. */
export class AttemptDeadline implements Deadline {
  #passed = false;
  #endedInTime = false;
  #onInterrupted: ((blockedAt: () => string) => void) | undefined;
  #error: LambdaTimeoutError | undefined;
  #blockedAt: (() => string) | undefined;
  #controller: AbortController | undefined;
  readonly #atMs: number;
  readonly #invocation: InvocationIdentity;
  readonly #makeError: () => LambdaTimeoutError;

  constructor(atMs: number, invocation: InvocationIdentity, makeError: () => LambdaTimeoutError) {
    this.#atMs = atMs;
    this.#invocation = invocation;
    this.#makeError = makeError;
  }

  get atMs(): number {
    return this.#atMs;
  }

  get invocation(): InvocationIdentity {
    return this.#invocation;
  }

  /** The one error of this deadline, made the moment somebody first needs it. */
  get error(): LambdaTimeoutError {
    this.#error ??= this.#makeError();
    if (this.#blockedAt && !this.#error.preempted) {
      Object.assign(this.#error, { preempted: true, blockedAt: this.#blockedAt() });
    }
    return this.#error;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      // Many requests may listen to it at once; Node 20 would take that for a leak.
      setMaxListeners(0, this.#controller.signal);
      if (this.#passed) this.#controller.abort(this.error);
    }
    return this.#controller.signal;
  }

  get expired(): boolean {
    return this.#passed || performance.now() >= this.#atMs;
  }

  /** Whether the code has been told that its time is over, which the clock alone does not do. */
  get passed(): boolean {
    return this.#passed;
  }

  remainingMs(): number {
    return Math.max(0, this.#atMs - performance.now());
  }

  throwIfExpired(): void {
    if (this.expired) throw this.error;
  }

  isOwnError(reason: unknown): reason is LambdaTimeoutError {
    return this.#error !== undefined && reason === this.#error;
  }

  /**
   * Whether an error says no more than that code heeds its signal: Node's own functions wrap the signal's reason, and
   * the AWS SDK loses it.
   */
  isHeededBy(reason: unknown): boolean {
    const isWrapper = isError(reason) && reason.name === 'AbortError';
    const isReasonLost = isWrapper && reason.cause === undefined && this.#controller?.signal.aborted;
    return isReasonLost || this.isOwnError(isWrapper ? reason.cause : reason);
  }

  /** Hears when the code has to be interrupted, however late; only code that is watched has it. */
  get onInterrupted(): ((blockedAt: () => string) => void) | undefined {
    return this.#onInterrupted;
  }

  watch(onInterrupted: (blockedAt: () => string) => void): void {
    this.#onInterrupted = onInterrupted;
  }

  /** Whether code that is watched has ended before it was abandoned. */
  get endedInTime(): boolean {
    return this.#endedInTime;
  }

  endInTime(): void {
    this.#endedInTime = true;
  }

  /** Where the code was when it had to be interrupted, if it had to. */
  get blockedAt(): string | undefined {
    return this.#blockedAt?.();
  }

  /** Notes that the code is being interrupted. Where is asked for later: the code is still running. */
  interrupt(blockedAt: () => string): void {
    this.#blockedAt = blockedAt;
  }

  /** Ends the time of the code: aborts its signal, whose listeners are the code's own. */
  pass(): void {
    this.#passed = true;
    if (this.#controller) deadlineStorage.run(this, () => this.#controller?.abort(this.error));
  }
}

/** The deadline outside an invocation; a new one each time, lest listeners pile up on a signal for good. */
export class NoDeadline implements Deadline {
  readonly invocation: InvocationIdentity | undefined;
  readonly onInterrupted: undefined;
  readonly endedInTime = false;
  readonly signal: AbortSignal = new AbortController().signal;
  readonly expired = false;

  remainingMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  throwIfExpired(): void {}
}

// On globalThis, so that an ESM and a CommonJS copy of this package see the same invocation.
const STORAGE = Symbol.for('lambda-graceful-timeout:deadline');
const shared = globalThis as { [STORAGE]?: AsyncLocalStorage<AttemptDeadline | NoDeadline> };
shared[STORAGE] ??= new AsyncLocalStorage();

/** Holds the deadline of the code that is running. */
export const deadlineStorage: AsyncLocalStorage<AttemptDeadline | NoDeadline> = shared[STORAGE];
