import fc from 'fast-check';
import type { Code, Ending } from './scenario.js';

export const NEVER = Number.POSITIVE_INFINITY;

/** How code ends. `gives up`: it throws an error that only says that its deadline has come (R16). */
export interface End {
  readonly as: 'fulfilled' | 'rejected' | 'gives up';
  readonly with: unknown;
  readonly freezes?: boolean;
  /** What the error has as its cause. */
  readonly around?: unknown;
}

/** How code runs if only its own deadline affects it. */
export interface Run {
  /** When the timer of its deadline fires; never, if the code wakes before that. */
  readonly expiresAt: number;
  /** When its signal or its race reports the deadline. */
  readonly toldAt: number;
  readonly wakesAt: number;
  readonly endsAt: number;
  readonly end: End;
  /** How it would end at another time. */
  endOf(ending: Ending, who: string, atMs: number): End;
}

/** When a timer fires: after a whole number of ms, and not before 1 ms. */
export const dueAt = (now: number, atMs: number): number => now + Math.max(1, Math.ceil(atMs - now));

export function run(code: Code, who: string, calledAt: number, deadline: number, given?: End): Run {
  const { asks, reaction, waitsMs } = code;
  const begunAt = calledAt + code.blocksMs;
  const timerAt = waitsMs === 0 ? NEVER : dueAt(begunAt, deadline);
  const isRefused = asks === 'race' && waitsMs > 0 && begunAt >= deadline;
  const listens = asks === 'race' || asks === 'signal';
  const toldInTime = listens && begunAt + waitsMs > timerAt ? timerAt : NEVER;
  const reasonAt = isRefused ? begunAt : toldInTime;
  const reacts = reaction !== null && reasonAt !== NEVER ? reaction : undefined;
  const wakesAt = reacts ? reasonAt + reacts.waitsMs : begunAt + waitsMs;
  const endsAt = wakesAt + code.blocksLastMs;
  // If two timers are due in the same ms, the contract does not say which one fires first.
  fc.pre(wakesAt !== timerAt || wakesAt === reasonAt || wakesAt === NEVER);
  const expiresAt = timerAt <= wakesAt ? timerAt : NEVER;

  const endOf = (ending: Ending, who: string, atMs: number): End => {
    const isAborted = expiresAt <= atMs;
    const value = { as: 'fulfilled', with: `the value of ${who}` } as const;
    const error = { as: 'rejected', with: `the error of ${who}` } as const;
    const givesUp = { as: 'gives up', with: undefined } as const;
    const abortError = { as: 'rejected', with: `the AbortError of ${who}` } as const;
    const rethrown = given?.as === 'rejected' ? given : error;
    const throws = (end: End): End => {
      if (!isAborted || !/the AbortError/.test(`${end.with}`)) return end;
      fc.pre(!/^all of/.test(`${end.with}`));
      // The contract also does not say whether code can give up because of a signal that it has not read.
      fc.pre(asks === 'signal');
      return givesUp;
    };
    const throwsAround = (cause: End): End => {
      // Whether several errors in one say more than their timeouts is not followed here.
      fc.pre(!isAborted || !/^all of/.test(`${cause.with}`));
      const thrown = throws(cause);
      return thrown === cause ? { ...error, around: cause.with } : thrown;
    };
    const ends: Record<Ending, () => End> = {
      'returns a value': () => value,
      'returns nothing': () => ({ as: 'fulfilled', with: undefined }),
      'throws an error': () => error,
      'throws undefined': () => ({ as: 'rejected', with: undefined }),
      'throws an AbortError of its own cause': () => throws(abortError),
      'throws what it was given': () => throws(rethrown),
      'throws an error around what it was given': () =>
        given?.as === 'rejected' ? throwsAround(given) : error,
      'freezes what it was given, and throws an error': () => ({ ...error, freezes: true }),
      'throws what it was told': () => givesUp,
      'throws an AbortError': () => throws(abortError),
      'throws the reason of its signal': () => (isAborted && asks !== 'no' ? givesUp : error),
      'throws an AbortError with that reason': () => (isAborted && asks !== 'no' ? givesUp : error),
      'throws an error around that reason': () => (isAborted && asks !== 'no' ? givesUp : error),
      'throws if it has expired': () => (atMs >= deadline ? givesUp : value),
    };
    return ends[ending]();
  };
  const end = endOf((reacts ?? code).ending, who, endsAt);
  // An attempt that throws its error before its timer fires has ended, and its signal aborts.
  const aborts = end.as === 'gives up' && expiresAt === NEVER && asks === 'signal';
  return { expiresAt, toldAt: aborts ? endsAt : reasonAt, wakesAt, endsAt, end, endOf };
}
