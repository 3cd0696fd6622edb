// Node runs a longer timeout at once: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Calls back once when `performance.now()` reaches a time, however far away that is. Never calls back for `Infinity`. */
export class Timer {
  #handle: NodeJS.Timeout | undefined;

  constructor(atMs: number, onTime: () => void) {
    if (atMs !== Number.POSITIVE_INFINITY) this.#start(atMs, onTime);
  }

  clear(): void {
    clearTimeout(this.#handle);
  }

  #start(atMs: number, onTime: () => void): void {
    const delayMs = Math.ceil(atMs - performance.now());
    this.#handle =
      delayMs > MAX_DELAY_MS
        ? setTimeout(() => this.#start(atMs, onTime), MAX_DELAY_MS)
        : setTimeout(onTime, Math.max(0, delayMs));
  }
}
