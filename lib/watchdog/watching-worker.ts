import type { Worker } from 'node:worker_threads';
import { sharedSymbol } from '../shared.js';
import { realTimeMs, ZERO } from './real-time.js';
import {
  ANSWERED,
  ASLEEP_UNTIL,
  CELLS,
  CONNECTED,
  DUE,
  INTERRUPTING,
  type LookAnswer,
  NEVER,
  READY,
  SEQUENCE,
  type WatchingThreadData,
} from './two-threads.js';
import { WATCHING_THREAD } from './watching-thread-text.js';

/** The name under which the global object holds the function that the watching thread calls. */
const LOOK = sharedSymbol('look');

/** How long the start of the thread may keep the start of the function waiting. */
const START_MS = 2000;

/** How long the exit of the process waits for a look that is under way. */
const LEAVE_MS = 100;

/** What the watching thread asks of this one. */
export interface Watched {
  /** Called in the middle of code that blocks this thread, or while it is idle. */
  readonly onLook: () => LookAnswer;
  /** Called in a macrotask of its own, when the event loop turns. */
  readonly onMessage: () => void;
  /** Called if the watching thread has ended with an error. */
  readonly onError: (reason: string) => void;
}

/** The watching thread, as the thread sees it that it watches. */
export class WatchingWorker {
  readonly #cells = new Int32Array(new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT));

  /** @param tools - `Worker` of Node, and the id of this thread */
  constructor(
    { Worker: NodeWorker, threadId }: { readonly Worker: typeof Worker; readonly threadId: number },
    { onLook, onMessage, onError }: Watched,
  ) {
    this.#cells[DUE] = NEVER;
    const workerData: WatchingThreadData = {
      memory: this.#cells.buffer,
      zero: ZERO,
      threadId,
      expression: `globalThis[Symbol.for(${JSON.stringify(Symbol.keyFor(LOOK))})]()`,
    };
    const worker = new NodeWorker(WATCHING_THREAD, { eval: true, env: {}, execArgv: [], workerData });
    worker.on('message', () => {
      this.#cells[ANSWERED] = 1;
      onMessage();
    });
    worker.on('error', ({ message }) => {
      this.#cells[CONNECTED] = 0;
      onError(message);
    });
    worker.unref();
    Object.defineProperty(globalThis, LOOK, { value: onLook });
  }

  /** Whether it is connected to the inspector of this thread. */
  get isConnected(): boolean {
    return this.#cells[CONNECTED] !== 0;
  }

  /** Tells it whether code is being ended. */
  set isInterrupting(isIt: boolean) {
    this.#cells[INTERRUPTING] = Number(isIt);
  }

  /** Tells it when to look at this thread next; `Infinity` for never. */
  lookIn(ms: number): void {
    const due = Math.min(NEVER, Math.ceil(realTimeMs() + ms));
    Atomics.store(this.#cells, DUE, due);
    if (due >= Atomics.load(this.#cells, ASLEEP_UNTIL)) return;
    Atomics.add(this.#cells, SEQUENCE, 1);
    Atomics.notify(this.#cells, SEQUENCE);
  }

  /** Blocks this thread until the other one watches, or has looked once. */
  waitUntil(what: 'it watches' | 'it has looked'): void {
    Atomics.wait(this.#cells, READY, what === 'it watches' ? 0 : 1, START_MS);
  }

  /** Waits until nothing is connected to the inspector any more, because Node would wait for that when it exits, and say so. */
  leave(): void {
    Atomics.store(this.#cells, DUE, NEVER);
    const untilMs = realTimeMs() + LEAVE_MS;
    // The look that is under way comes through: it wakes the thread.
    while (Atomics.wait(this.#cells, CONNECTED, 1, 1) !== 'not-equal' && realTimeMs() < untilMs);
  }
}
