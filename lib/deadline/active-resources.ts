import { countTimers } from './timer.js';

/** How many resources of each type the process was waiting on, and when and for how long they were counted. */
let last = { atMs: Number.NEGATIVE_INFINITY, tookMs: 0, counts: {} as Readonly<Record<string, number>> };

/** A count serves for so many times the time that it took: if thousands of invocations time out at once, that is long. */
const LASTS = 10;

/**
 * Counts by type what the process is waiting on, without the timers of this package.
 *
 * @see https://nodejs.org/api/process.html#processgetactiveresourcesinfo
 */
export function countActiveResources(): Record<string, number> {
  const now = performance.now();
  if (now - last.atMs >= LASTS * last.tookMs) {
    const counts: Record<string, number> = { Timeout: -countTimers() };
    for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1;
    last = { atMs: now, tookMs: performance.now() - now, counts };
  }
  return Object.fromEntries(Object.entries(last.counts).filter(([, count]) => count > 0));
}
