import { attempts, type CurrentAttempt, isOver, NO_ATTEMPT } from '../deadline/current-attempt.js';
import { realTimeMs } from './real-time.js';

/** How often a thread on which abandoned code may run has to show that it is alive. */
const SIGN_OF_LIFE_MS = 250;

/** For how long abandoned code may block the thread, once that has been seen. */
const SUSPECT_MS = 1000;

const isDue = ({ cutOffAtMs }: CurrentAttempt): boolean => performance.now() >= cutOffAtMs;

const isAtDeadline = ({ deadlineAtMs }: CurrentAttempt): boolean => performance.now() >= deadlineAtMs;

/** Until when Node's own code is left to end, where it is the innermost one: for half of the time that the hooks have. */
const isPatienceOver = ({ cutOffAtMs, hookDeadlineAtMs }: CurrentAttempt): boolean =>
  performance.now() >= (cutOffAtMs + hookDeadlineAtMs) / 2;

/** For how long code that has timed out may block the thread, once that has been seen, where no other invocation is in flight. */
const toleranceMs = ({ inFlight, leavingMs }: CurrentAttempt): number =>
  inFlight ? Math.min(SUSPECT_MS, leavingMs) : SUSPECT_MS;

/** Code that must end. */
export interface ExpiredCode {
  /** The attempts that it belongs to, from the one whose code it is to the one whose time is over. */
  readonly attempts: readonly CurrentAttempt[];
  /** Whether it must end even where a function of Node is the innermost one. */
  readonly isUrgent: boolean;
}

/** The attempts of one thread, and which of them blocks it although its time is over. */
export class WatchedAttempts {
  readonly #isAlone: boolean;
  readonly #armed = new Set<CurrentAttempt>();
  /** Those that have timed out, and whose code must not keep the rest of their invocation waiting. */
  readonly #leaving = new Set<CurrentAttempt>();
  /** When one of them has to be looked at, or earlier: it may have ended, or its cut-off may have moved. */
  #nextMs = Number.POSITIVE_INFINITY;
  /** Whether there may be abandoned code, which can block the thread at any time. */
  #hasSuspects = false;
  // What the looks have seen since the thread last gave a sign of life: since when it is stuck, and whether one of them
  // has found code of no invocation in flight.
  #stuckSinceMs: number | undefined;
  #sawShared = false;

  /** @param isAlone - whether no code runs beside an invocation that is not part of it */
  constructor(isAlone: boolean) {
    this.#isAlone = isAlone;
  }

  // Must not walk through all that are armed: they may be thousands.
  add(attempt: CurrentAttempt): void {
    this.#armed.add(attempt);
    this.#nextMs = Math.min(this.#nextMs, lookAtMs(attempt));
  }

  remove(attempt: CurrentAttempt): void {
    this.#armed.delete(attempt);
    if (this.#armed.size + this.#leaving.size === 0) this.#nextMs = Number.POSITIVE_INFINITY;
    if (attempt.state !== 'timed out') return;
    this.#hasSuspects = true;
    this.#leaving.add(attempt);
    this.#nextMs = Math.min(this.#nextMs, lookAtMs(attempt));
  }

  /** Notes that the thread has given a sign of life. */
  noteAlive(): void {
    this.#stuckSinceMs = undefined;
    this.#sawShared = false;
  }

  /** Finds out anew when one of the attempts has to be looked at. */
  refresh(): void {
    this.#nextMs = Number.POSITIVE_INFINITY;
    for (const attempt of this.#leaving) if (!attempt.inFlight) this.#leaving.delete(attempt);
    for (const attempt of [...this.#armed, ...this.#leaving])
      this.#nextMs = Math.min(this.#nextMs, lookAtMs(attempt));
  }

  /** Time until the thread has to be looked at, unless it gives a sign of life before; `Infinity` if never. */
  msUntilLook(): number {
    return Math.max(0, Math.min(this.#nextMs - performance.now(), this.#msUntilSuspect()));
  }

  #msUntilSuspect(): number {
    if (!this.#hasSuspects) return Number.POSITIVE_INFINITY;
    if (this.#stuckSinceMs === undefined) return SIGN_OF_LIFE_MS;
    return SUSPECT_MS - (realTimeMs() - this.#stuckSinceMs);
  }

  /**
   * Finds out whether the code that is running blocks the thread although its time is over.
   *
   * @param isInCode - whether any code is running
   * @param lost - whose code it is where the async context says nothing, or says that it is this package's
   */
  findExpired(isInCode: boolean, lost?: CurrentAttempt): ExpiredCode | undefined {
    const current = attempts.getStore();
    const chain = chainOf(current === undefined || current === NO_ATTEMPT ? (lost ?? current) : current);
    if (chain[0] === NO_ATTEMPT) {
      // The time that this package's own code takes, such as a slow logger, is not that of the code which runs after it.
      this.noteAlive();
      return undefined;
    }
    this.#stuckSinceMs ??= realTimeMs();
    const stuckForMs = realTimeMs() - this.#stuckSinceMs;
    if (chain.every(isOver) && !chain.some(({ state }) => state === 'timed out')) {
      // Code of the module level, or of an invocation that has ended. It may also just be passing on the answer of an
      // invocation. Then two looks do not both find it.
      const wasShared = this.#sawShared;
      this.#sawShared ||= isInCode;
      const only = isInCode && wasShared ? this.#findOnlyInvocation() : undefined;
      // Once its own code has been ended, and while its next step is held back, what runs is hardly a part of it.
      const mustEnd = only && (only.state === 'cut off' ? isPatienceOver(only) : isDue(only));
      return mustEnd ? { attempts: [only], isUrgent: isPatienceOver(only) } : undefined;
    }
    this.#sawShared = false;
    const mustEnd = (attempt: CurrentAttempt): boolean => {
      if (!attempt.isWatched) return false;
      if (attempt.state !== 'timed out') return !isOver(attempt) && isDue(attempt);
      // A callback of a connection that it has opened may work for another invocation, but not for that long.
      const isShared = this.#some(({ inFlight }) => inFlight !== attempt.inFlight);
      return stuckForMs >= (isShared ? SUSPECT_MS : toleranceMs(attempt)) || this.#some(isAtDeadline);
    };
    const expired = chain.slice(0, chain.map(mustEnd).lastIndexOf(true) + 1);
    if (expired.length === 0) return undefined;
    const isUrgent = (attempt: CurrentAttempt): boolean =>
      mustEnd(attempt) &&
      (attempt.state === 'timed out' && !attempt.inFlight
        ? stuckForMs >= 2 * SUSPECT_MS || this.#some(isPatienceOver)
        : isPatienceOver(attempt));
    return { attempts: expired, isUrgent: expired.some(isUrgent) };
  }

  #some(test: (attempt: CurrentAttempt) => boolean): boolean {
    for (const attempt of this.#armed) if (test(attempt)) return true;
    return false;
  }

  /** Code without an attempt belongs to the only invocation, where no other code can be under way. */
  #findOnlyInvocation(): CurrentAttempt | undefined {
    if (!this.#isAlone) return undefined;
    const outermost = new Set<CurrentAttempt | undefined>();
    for (const attempt of this.#armed) {
      outermost.add(
        chainOf(attempt)
          .filter((each) => this.#armed.has(each))
          .at(-1),
      );
    }
    const [only, ...others] = outermost;
    return others.length === 0 ? only : undefined;
  }
}

/** When an attempt has to be looked at: abandoned code must not keep it waiting at its deadline. */
function lookAtMs(attempt: CurrentAttempt): number {
  const { state, cutOffAtMs, deadlineAtMs } = attempt;
  if (state === 'timed out') return performance.now() + toleranceMs(attempt);
  return deadlineAtMs > performance.now() ? Math.min(deadlineAtMs, cutOffAtMs) : cutOffAtMs;
}

/** An attempt and all those in whose code it was begun, the innermost one first. */
function chainOf(attempt: CurrentAttempt | undefined): CurrentAttempt[] {
  const chain: CurrentAttempt[] = [];
  for (let at = attempt; at; at = at.below) chain.push(at);
  return chain;
}
