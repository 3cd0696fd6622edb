import type { Session } from 'node:inspector';
import type { Worker } from 'node:worker_threads';
import { type AttemptDeadline, deadlineStorage, NoDeadline } from '../attempt-deadline.js';
import { mend, wakeTimers } from './event-loop-mending.js';
import { clearAsyncStack, findObstacle, takeStackBelow } from './interruption.js';
import { MacrotaskQueue } from './macrotask-queue.js';
import { ASLEEP_UNTIL, CELLS, DUE, LOOK, NEVER, SEQUENCE, THREAD_SOURCE } from './thread-source.js';
import type { Watchdog } from './watchdog.js';

// Taken now: a test that fakes time later must not fake it for the watchdog's thread.
const { hrtime } = process;

/** For how long a thread on which abandoned code may run need not show that it is alive. */
const BLOCKED_MS = 100;

/** In place of a stack: what blocks is not one of them but that there is no end of them. */
const betweenMicrotasks: () => string = String.bind(undefined, 'between two microtasks');

/** What the watchdog needs of Node and nobody else does. */
export interface Tools {
  readonly Worker: typeof Worker;
  readonly Session: typeof Session;
  readonly threadId: number;
}

/** Watches the thread that it is made on, from another one. */
export class ThreadWatchdog implements Watchdog {
  readonly #tools: Tools;
  readonly #onObstacle: (reason: string) => void;
  readonly #startedAt = hrtime.bigint();
  readonly #cells = new Int32Array(new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT));
  /** The store of this package's own code, which is never to be interrupted. */
  readonly #own = new NoDeadline();
  readonly #steps: MacrotaskQueue;
  readonly #armed = new Set<AttemptDeadline>();
  /** Whether there may be code that was abandoned, which can block the thread at any time. */
  #hasSuspects = false;
  /** Whether this thread was last seen in code of no invocation that is under way, and has not turned since. */
  #sawShared = false;

  constructor(tools: Tools, onObstacle: (reason: string) => void) {
    this.#tools = tools;
    this.#onObstacle = onObstacle;
    this.#cells[DUE] = NEVER;
    this.#steps = this.shield(() => {
      this.#startThread();
      return new MacrotaskQueue();
    });
    Object.defineProperty(globalThis, Symbol.for(LOOK), { value: this.#look });
  }

  arm(deadline: AttemptDeadline, onInterrupted: (blockedAt: () => string) => void): void {
    if (deadline.atMs === Number.POSITIVE_INFINITY) return;
    deadline.watch(onInterrupted);
    this.#armed.add(deadline);
    this.#update();
  }

  disarm(deadline: AttemptDeadline, isAbandoned: boolean): void {
    this.#armed.delete(deadline);
    if (isAbandoned) this.#hasSuspects = true;
    else deadline.endInTime();
    this.#update();
  }

  shield<Result>(code: () => Result): Result {
    return deadlineStorage.run(this.#own, code);
  }

  runAlone(step: () => void): void {
    this.#steps.run(step);
  }

  #startThread(): void {
    const { Worker, threadId } = this.#tools;
    const workerData = { memory: this.#cells.buffer, startedAt: this.#startedAt, threadId };
    const worker = new Worker(THREAD_SOURCE, { eval: true, env: {}, execArgv: [], workerData });
    worker.on('message', () => this.#update());
    worker.on('error', ({ message }) => this.#onObstacle(message));
    worker.unref();
  }

  /** Tells the watchdog's thread when it has to look after this one, and so that this one is alive. */
  #update(): void {
    this.#sawShared = false;
    const now = Number((hrtime.bigint() - this.#startedAt) / 1_000_000n);
    let due = NEVER;
    if (this.#hasSuspects) due = Math.min(due, now + BLOCKED_MS);
    for (const deadline of this.#armed) due = Math.min(due, now + Math.ceil(deadline.remainingMs()));
    Atomics.store(this.#cells, DUE, due);
    if (due >= Atomics.load(this.#cells, ASLEEP_UNTIL)) return;
    Atomics.add(this.#cells, SEQUENCE, 1);
    Atomics.notify(this.#cells, SEQUENCE);
  }

  #onlyArmed(): AttemptDeadline | undefined {
    return this.#armed.size === 1 ? this.#armed.values().next().value : undefined;
  }

  /** Called from the watchdog's thread, in the midst of whatever blocks this one, or of nothing. */
  readonly #look = (): void => {
    const store = deadlineStorage.getStore();
    // What was opened at module level, or by an invocation that is over, works for the only one that there is.
    const isShared = store === undefined || store.endedInTime;
    const deadline = isShared ? this.#onlyArmed() : store;
    const stack = takeStackBelow(this.#look);
    // It may be idle, or just be passing on the answer of one that has ended in time. If so, it is not seen so twice.
    const mayBeInnocent = isShared && !(stack && this.#sawShared);
    this.#sawShared = isShared;
    if (!deadline?.onInterrupted || !deadline.expired || mayBeInnocent) return;

    const { onInterrupted } = deadline;
    const obstacle = findObstacle();
    if (obstacle !== undefined) {
      this.#onObstacle(obstacle);
      return;
    }
    const resources: object[] = [];
    const session = this.shield(() => {
      resources.push(...clearAsyncStack());
      const session = new this.#tools.Session();
      session.connect();
      return session;
    });
    // Called once the stack has been unwound, before anything else runs. Code ends only where V8 next checks, which may
    // be a callback further, so the stack of ids is not empty for sure.
    const onEnded = () => {
      resources.push(...clearAsyncStack());
      resources.forEach(mend);
      onInterrupted(stack ?? betweenMicrotasks);
      this.runAlone(() => {
        session.disconnect();
        wakeTimers();
      });
    };
    // Last, since V8 checks at the next call of a function: one in here would be all that is ended.
    session.post('Runtime.terminateExecution', onEnded);
  };
}
