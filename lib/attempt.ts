import { type AttemptDeadline, deadlineStorage } from './attempt-deadline.js';
import { swallowRejectionsOf } from './late-rejections.js';
import { Timer } from './timer.js';
import type { Watchdog } from './watchdog/watchdog.js';

export type Outcome = PromiseSettledResult<unknown>;

/**
 * One run of the user's code, a handler or a hook, under its deadline. It ends exactly once; code that overruns
 * is abandoned, which is being rejected with the deadline's own error.
 */
export class Attempt {
  #ended = false;
  readonly #timer: Timer;
  readonly #deadline: AttemptDeadline;
  readonly #watchdog: Watchdog;
  readonly #onEnd: (outcome: Outcome) => void;
  readonly #onLateRejection: (reason: unknown) => void;

  /**
   * @param onEnd - hears how the code ended
   * @param onLateRejection - hears of an error that came after the end
   */
  constructor(
    deadline: AttemptDeadline,
    watchdog: Watchdog,
    onEnd: (outcome: Outcome) => void,
    onLateRejection: (reason: unknown) => void,
  ) {
    this.#deadline = deadline;
    this.#watchdog = watchdog;
    this.#onEnd = onEnd;
    this.#onLateRejection = onLateRejection;
    this.#timer = watchdog.shield(() => new Timer(deadline.atMs, () => this.reject(deadline.error)));
    watchdog.arm(deadline, this.#onInterrupted);
  }

  /** Runs the code; where it `awaitsCallback`, returning nothing does not end it. */
  run(code: () => unknown, awaitsCallback = false): void {
    this.#watchdog.runAlone(() => {
      if (!this.#ended) this.#run(code, awaitsCallback);
    });
  }

  #run(code: () => unknown, awaitsCallback: boolean): void {
    try {
      // Thenables are adopted inside: some begin their work only when somebody waits for them.
      const result = deadlineStorage.run(this.#deadline, () => adopt(code()));
      if (result !== undefined || !awaitsCallback) this.resolve(result);
    } catch (reason) {
      this.reject(reason);
    }
  }

  /** Ends the attempt with a value, or with what becomes of it if it is a promise. */
  readonly resolve = (value: unknown): void => {
    const adopted = adopt(value);
    if (adopted instanceof Promise) adopted.then(this.#fulfill, this.reject);
    else this.#fulfill(adopted);
  };

  readonly reject = (reason: unknown): void => {
    if (this.#ended) this.#onLateRejection(reason);
    else this.#end({ status: 'rejected', reason });
  };

  readonly #fulfill = (value: unknown): void => {
    if (!this.#ended) this.#end({ status: 'fulfilled', value });
  };

  #end(outcome: Outcome): void {
    this.#ended = true;
    this.#timer.clear();
    const isAbandoned = outcome.status === 'rejected' && this.#deadline.isOwnError(outcome.reason);
    this.#watchdog.disarm(this.#deadline, isAbandoned);
    if (isAbandoned) swallowRejectionsOf(this.#deadline, this.#onLateRejection);
    this.#watchdog.runAlone(() => this.#onEnd(outcome));
  }

  /** The timer, which is due, ends an attempt that has been interrupted. */
  readonly #onInterrupted = (blockedAt: () => string): void => {
    if (!this.#ended) this.#deadline.interrupt(blockedAt);
    else this.#watchdog.runAlone(() => this.#onLateRejection(lateInterruption(blockedAt())));
  };
}

const lateInterruption = (blockedAt: string): Error =>
  new Error(`It blocked the event loop and was interrupted ${blockedAt}`);

/** Makes a promise of a thenable, and leaves everything else as it is. */
function adopt(value: unknown): unknown {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isObject && typeof (value as { then?: unknown }).then === 'function'
    ? Promise.resolve(value)
    : value;
}
