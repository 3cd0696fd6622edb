import { attempts, type CurrentAttempt } from '../deadline/current-attempt.js';
import { realTimeMs } from './real-time.js';

/** How often a thread on which abandoned code may run has to show that it is alive. */
const SIGN_OF_LIFE_MS = 250;

/** For how long abandoned code may block the thread, once that has been seen. */
const SUSPECT_MS = 1000;

const isDue = ({ cutOffAtMs }: CurrentAttempt): boolean => performance.now() >= cutOffAtMs;

const isAtDeadline = ({ deadlineAtMs }: CurrentAttempt): boolean => performance.now() >= deadlineAtMs;

/** An attempt whose code must end. */
interface Guilty {
  readonly attempt: CurrentAttempt;
  /** For how long looks have found such code, one after the other. */
  readonly forMs: number;
}

/** The attempts of one thread, and which of them blocks it although its time is over. */
export class WatchedAttempts {
  readonly #armed = new Set<CurrentAttempt>();
  /** Whether there may be abandoned code, which can block the thread at any time. */
  #hasSuspects = false;
  // What the looks have seen since the thread last gave a sign of life: since when it is stuck, since when in code that must
  // end, and whether the last look found code of no invocation in flight.
  #stuckSinceMs: number | undefined;
  #guiltySinceMs: number | undefined;
  #sawShared = false;

  add(attempt: CurrentAttempt): void {
    this.#armed.add(attempt);
  }

  remove(attempt: CurrentAttempt): void {
    this.#armed.delete(attempt);
    if (attempt.state === 'timed out') this.#hasSuspects = true;
  }

  /** Notes that the thread has given a sign of life. */
  noteAlive(): void {
    this.#stuckSinceMs = undefined;
    this.#guiltySinceMs = undefined;
    this.#sawShared = false;
  }

  /** Time until the thread has to be looked at, unless it gives a sign of life before; `Infinity` if never. */
  msUntilLook(): number {
    let ms = this.#msUntilSuspect();
    if (this.#armed.size === 0) return ms;
    const now = performance.now();
    for (const { cutOffAtMs, deadlineAtMs } of this.#armed) {
      const isOnlyDeadline = this.#hasSuspects && deadlineAtMs > now;
      ms = Math.min(ms, (isOnlyDeadline ? deadlineAtMs : cutOffAtMs) - now);
    }
    return Math.max(0, ms);
  }

  #msUntilSuspect(): number {
    if (!this.#hasSuspects) return Number.POSITIVE_INFINITY;
    if (this.#stuckSinceMs === undefined) return SIGN_OF_LIFE_MS;
    return Math.max(0, SUSPECT_MS - (realTimeMs() - this.#stuckSinceMs));
  }

  /**
   * Finds the attempt whose code is running and blocks the thread although its time is over.
   *
   * @param isInCode - whether any code is running
   */
  findGuilty(isInCode: boolean): Guilty | undefined {
    this.#stuckSinceMs ??= realTimeMs();
    const attempt = this.#judge(attempts.getStore(), isInCode, this.#stuckSinceMs);
    if (!attempt) return undefined;
    this.#guiltySinceMs ??= realTimeMs();
    return { attempt, forMs: realTimeMs() - this.#guiltySinceMs };
  }

  #judge(
    current: CurrentAttempt | undefined,
    isInCode: boolean,
    stuckSinceMs: number,
  ): CurrentAttempt | undefined {
    // Code of the module level, or of an invocation that has ended, counts as code of the only invocation in flight.
    if (current === undefined || current.state === 'ended' || current.state === 'ended late') {
      // The thread may be idle, or just passing on the answer of an invocation that has ended. Then two looks in a row do
      // not see the same.
      const wasShared = this.#sawShared;
      this.#sawShared = true;
      const [only, ...others] = this.#armed;
      return only && others.length === 0 && isInCode && wasShared && isDue(only) ? only : undefined;
    }
    this.#sawShared = false;
    if (!current.isWatched) return undefined;
    if (current.state !== 'timed out') return isDue(current) ? current : undefined;
    // A callback of a connection that it has opened may work for another invocation, but not for that long.
    const isStuck = realTimeMs() - stuckSinceMs >= SUSPECT_MS || [...this.#armed].some(isAtDeadline);
    return isStuck ? current : undefined;
  }
}
