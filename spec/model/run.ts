import fc from 'fast-check';
import type { Code, Ending } from './scenario.js';

export const NEVER = Number.POSITIVE_INFINITY;

/** What code ends with; `heeds`: what only says that it heeds its deadline (R16). */
export interface End {
  readonly as: 'fulfilled' | 'rejected' | 'heeds';
  readonly with: unknown;
  readonly freezes?: boolean;
}

/** What becomes of code that is left alone with its deadline. */
export interface Run {
  /** When its deadline's timer goes off, if it has not woken before. */
  readonly toldAt: number;
  /** When it hears of its deadline, through its signal or its race. */
  readonly hearsAt: number;
  readonly wakesAt: number;
  readonly endsAt: number;
  readonly end: End;
  /** What it would end with at another moment. */
  endOf(ending: Ending, who: string, atMs: number): End;
}

/** When a timer goes off: on a whole ms, and never at once. */
export const dueAt = (now: number, atMs: number): number => now + Math.max(1, Math.ceil(atMs - now));

export function run(code: Code, who: string, calledAt: number, deadline: number, given?: End): Run {
  const { asks, reaction, waitsMs } = code;
  const begunAt = calledAt + code.blocksMs;
  const timerAt = waitsMs === 0 ? NEVER : dueAt(begunAt, deadline);
  const isRefused = asks === 'race' && waitsMs > 0 && begunAt >= deadline;
  const listens = asks === 'race' || asks === 'signal';
  const heardInTime = listens && begunAt + waitsMs > timerAt ? timerAt : NEVER;
  const heardAt = isRefused ? begunAt : heardInTime;
  const reacts = reaction !== null && heardAt !== NEVER ? reaction : undefined;
  const wakesAt = reacts ? heardAt + reacts.waitsMs : begunAt + waitsMs;
  const endsAt = wakesAt + code.blocksLastMs;
  // Of two things in the same ms the contract does not say which one comes first.
  fc.pre(wakesAt !== timerAt || wakesAt === heardAt || wakesAt === NEVER);
  const toldAt = timerAt <= wakesAt ? timerAt : NEVER;

  const endOf = (ending: Ending, who: string, atMs: number): End => {
    const isAborted = toldAt <= atMs;
    const value = { as: 'fulfilled', with: `the value of ${who}` } as const;
    const error = { as: 'rejected', with: `the error of ${who}` } as const;
    const heeds = { as: 'heeds', with: undefined } as const;
    const abortError = { as: 'rejected', with: `the AbortError of ${who}` } as const;
    const rethrown = given?.as === 'rejected' ? given : error;
    const throws = (end: End): End => {
      if (!isAborted || !/^the AbortError/.test(`${end.with}`)) return end;
      // Nor does it say whether code heeds a signal that it has not taken.
      fc.pre(asks === 'signal');
      return heeds;
    };
    const ends: Record<Ending, () => End> = {
      'returns a value': () => value,
      'returns nothing': () => ({ as: 'fulfilled', with: undefined }),
      'throws an error': () => error,
      'throws undefined': () => ({ as: 'rejected', with: undefined }),
      'throws an AbortError of its own cause': () => error,
      'throws what it was given': () => throws(rethrown),
      'freezes what it was given, and throws an error': () => ({ ...error, freezes: true }),
      'throws what it has heard': () => heeds,
      'throws an AbortError': () => throws(abortError),
      'throws the reason of its signal': () => (isAborted && asks !== 'no' ? heeds : error),
      'throws an AbortError with that reason': () => (isAborted && asks !== 'no' ? heeds : error),
      'throws if it has expired': () => (atMs >= deadline ? heeds : value),
    };
    return ends[ending]();
  };
  const end = endOf((reacts ?? code).ending, who, endsAt);
  // An attempt that throws its error before its timer goes off is over, and its signal aborts.
  const aborts = end.as === 'heeds' && toldAt === NEVER && asks === 'signal';
  return { toldAt, hearsAt: aborts ? endsAt : heardAt, wakesAt, endsAt, end, endOf };
}
