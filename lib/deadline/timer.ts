import { sharedByCopies } from '../shared.js';

// Node runs a longer timeout at once: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args
const MAX_DELAY_MS = 2 ** 31 - 1;

const running = sharedByCopies('timers', () => ({ count: 0 }));

/** How many timers of this package are running on this thread. */
export const countTimers = (): number => running.count;

/**
 * Calls back when `performance.now()` reaches a time, however far away that is, and never for `Infinity`. One timer serves the
 * handler and the hooks of an invocation, one after the other: to start one of Node's costs more than all else that a hook needs.
 */
export class Timer {
  #handle: NodeJS.Timeout | undefined;
  /** When Node's timer fires; `Infinity` if there is none that still waits. */
  #firesAtMs = Number.POSITIVE_INFINITY;
  /** What has started it and what clears it: a test may have faked the timers since. */
  #start = setTimeout;
  #clear = clearTimeout;
  #atMs = Number.POSITIVE_INFINITY;
  #onTime: (() => void) | undefined;

  /** Waits for a time, in place of the one before. */
  set(atMs: number, onTime: () => void): void {
    // One that fires earlier is started anew then.
    const isKept = this.#firesAtMs < atMs && this.#start === setTimeout;
    if (!isKept) this.clear();
    this.#atMs = atMs;
    this.#onTime = onTime;
    if (!isKept) this.#wait(performance.now());
  }

  /** Waits for nothing, until it is set again or cleared. */
  pause(): void {
    this.#onTime = undefined;
  }

  clear(): void {
    this.#onTime = undefined;
    if (!this.#handle) return;
    this.#clear(this.#handle);
    this.#handle = undefined;
    this.#firesAtMs = Number.POSITIVE_INFINITY;
    running.count--;
  }

  #wait(nowMs: number): void {
    if (this.#atMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(0, Math.min(Math.ceil(this.#atMs - nowMs), MAX_DELAY_MS));
    this.#firesAtMs = nowMs + Math.max(1, delayMs); // Node waits for 1 ms at least
    this.#start = setTimeout;
    this.#clear = clearTimeout;
    this.#handle = setTimeout(() => this.#fire(), delayMs);
    running.count++;
  }

  #fire(): void {
    const onTime = this.#onTime;
    const firedAtMs = this.#firesAtMs;
    // It still counts: Node too tells of it until this call has ended.
    this.#firesAtMs = Number.POSITIVE_INFINITY;
    if (onTime && firedAtMs >= this.#atMs) onTime();
    else {
      this.clear();
      this.#onTime = onTime;
      // A test may fake the time of timers alone: Node's timer knows better than the clock.
      if (onTime) this.#wait(Math.max(firedAtMs, performance.now()));
    }
  }
}
