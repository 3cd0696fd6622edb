import { countTimers } from './timer.js';

// Taken now: a test that fakes time later fakes no cost.
const now = performance.now.bind(performance);

/** A count of more than this serves for a while, because thousands of invocations may time out at once. */
const MANY = 1000;
/** For how many times the time that it took. */
const LASTS = 10;

/** What was counted last, and until when that serves. */
let last = { untilMs: 0, counts: {} as Readonly<Record<string, number>> };

/**
 * Counts by type what the process is waiting on, without the timers of this package.
 *
 * @see https://nodejs.org/api/process.html#processgetactiveresourcesinfo
 */
export function countActiveResources(): Record<string, number> {
  const startedAtMs = now();
  if (startedAtMs >= last.untilMs) {
    const counts: Record<string, number> = { Timeout: -countTimers() };
    const types = process.getActiveResourcesInfo();
    for (const type of types) counts[type] = (counts[type] ?? 0) + 1;
    const endedAtMs = now();
    last = { untilMs: types.length <= MANY ? 0 : endedAtMs + LASTS * (endedAtMs - startedAtMs), counts };
  }
  return Object.fromEntries(Object.entries(last.counts).filter(([, count]) => count > 0));
}
