import { shared } from '../shared.js';

// Node runs a longer timeout at once: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args
const MAX_DELAY_MS = 2 ** 31 - 1;

const running = shared('timers', () => ({ count: 0 }));

/** How many timers of this package are running on this thread. */
export const countTimers = (): number => running.count;

/** Calls back once when `performance.now()` reaches a time, however far away that is. Never calls back for `Infinity`. */
export class Timer {
  #handle: NodeJS.Timeout | undefined;
  /** What clears it: a test may have faked the timers since it was started. */
  #clear = clearTimeout;

  constructor(atMs: number, onTime: () => void) {
    if (atMs === Number.POSITIVE_INFINITY) return;
    this.#start(atMs, onTime);
    running.count++;
  }

  clear(): void {
    if (this.#handle === undefined) return;
    this.#clear(this.#handle);
    this.#handle = undefined;
    running.count--;
  }

  #start(atMs: number, onTime: () => void): void {
    const delayMs = Math.ceil(atMs - performance.now());
    this.#clear = clearTimeout;
    this.#handle =
      delayMs > MAX_DELAY_MS
        ? setTimeout(() => this.#start(atMs, onTime), MAX_DELAY_MS)
        : setTimeout(onTime, Math.max(0, delayMs));
  }
}
