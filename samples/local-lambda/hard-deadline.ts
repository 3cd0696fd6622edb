import { performance } from 'node:perf_hooks';

/** The time at which an invocation is killed: never earlier, and not if its response has arrived. */
export class HardDeadline {
  #timer: NodeJS.Timeout | undefined;

  /** @param atMs - on the clock of `performance.now()` */
  set(atMs: number, onPassed: () => void): void {
    const leftMs = atMs - performance.now();
    if (leftMs > 0) {
      // A timer can fire a fraction of a millisecond early, so the time is checked again.
      this.#timer = setTimeout(() => this.set(atMs, onPassed), Math.max(1, leftMs));
      return;
    }
    const timer = this.#timer;
    // The response can be in the socket already: the event loop must read it first.
    setImmediate(() => {
      if (this.#timer === timer) onPassed();
    });
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
