import { AsyncResource } from 'node:async_hooks';
import type { Session } from 'node:inspector';
import type { Worker } from 'node:worker_threads';
import { attempts, type CurrentAttempt, NO_ATTEMPT } from '../deadline/current-attempt.js';
import { mend, wakeTimers } from './event-loop-mending.js';
import { clearAsyncStack, findObstacle, takeStackBelow } from './interruption.js';
import { MacrotaskQueue } from './macrotask-queue.js';
import { ASLEEP_UNTIL, CELLS, DUE, LOOK, NEVER, SEQUENCE, THREAD_SOURCE } from './thread-source.js';
import type { StepRunner, Watchdog } from './watchdog.js';

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
  readonly isWatching = true;
  readonly #tools: Tools;
  readonly #onObstacle: (reason: string) => void;
  readonly #startedAt = hrtime.bigint();
  readonly #cells = new Int32Array(new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT));
  readonly #steps: MacrotaskQueue;
  /** For steps of its own. */
  readonly #runAlone: StepRunner;
  readonly #armed = new Set<CurrentAttempt>();
  /** Whether there may be code that was abandoned, which can block the thread at any time. */
  #hasSuspects = false;
  /** Whether this thread was last seen in code of no invocation that is under way, and has not turned since. */
  #sawShared = false;

  constructor(tools: Tools, onObstacle: (reason: string) => void) {
    this.#tools = tools;
    this.#onObstacle = onObstacle;
    this.#cells[DUE] = NEVER;
    this.#steps = new MacrotaskQueue();
    this.#runAlone = this.shield(() => {
      this.#startThread();
      return this.createStepRunner();
    });
    Object.defineProperty(globalThis, LOOK, { value: this.#look });
  }

  arm(attempt: CurrentAttempt): void {
    if (attempt.cutOffAtMs === Number.POSITIVE_INFINITY) return;
    this.#armed.add(attempt);
    this.#update();
  }

  disarm(attempt: CurrentAttempt): void {
    this.#armed.delete(attempt);
    if (attempt.state === 'timed out') this.#hasSuspects = true;
    this.#update();
  }

  shield<Result>(code: () => Result): Result {
    return attempts.run(NO_ATTEMPT, code);
  }

  createStepRunner(): StepRunner {
    const context = new AsyncResource('LambdaGracefulTimeout');
    return (step) => this.#steps.run(context, step);
  }

  #startThread(): void {
    const { Worker, threadId } = this.#tools;
    const workerData = { memory: this.#cells.buffer, startedAt: this.#startedAt, threadId };
    const worker = new Worker(THREAD_SOURCE, { eval: true, env: {}, execArgv: [], workerData });
    worker.on('message', () => this.#update());
    worker.on('error', ({ message }) => this.#onObstacle(message));
    worker.unref();
  }

  /** Tells the watchdog's thread that this one is alive, and when to look after it next. */
  #update(): void {
    this.#sawShared = false;
    this.#tellDue();
  }

  #tellDue(): void {
    const now = Number((hrtime.bigint() - this.#startedAt) / 1_000_000n);
    const clock = performance.now();
    let due = NEVER;
    if (this.#hasSuspects) due = Math.min(due, now + BLOCKED_MS);
    for (const { cutOffAtMs } of this.#armed) {
      due = Math.min(due, now + Math.max(0, Math.ceil(cutOffAtMs - clock)));
    }
    Atomics.store(this.#cells, DUE, due);
    if (due >= Atomics.load(this.#cells, ASLEEP_UNTIL)) return;
    Atomics.add(this.#cells, SEQUENCE, 1);
    Atomics.notify(this.#cells, SEQUENCE);
  }

  #onlyArmed(): CurrentAttempt | undefined {
    return this.#armed.size === 1 ? this.#armed.values().next().value : undefined;
  }

  /** Called from the watchdog's thread, in the midst of whatever blocks this one, or of nothing. */
  readonly #look = (): void => {
    const current = attempts.getStore();
    // What was opened at module level, or by an invocation that is over, works for the only one that there is.
    const isShared = current === undefined || current.state.startsWith('ended');
    const attempt = isShared ? this.#onlyArmed() : current;
    const stack = takeStackBelow(this.#look);
    // It may be idle, or just be passing on the answer of one that has ended in time. If so, it is not seen so twice.
    const mayBeInnocent = isShared && !(stack && this.#sawShared);
    this.#sawShared = isShared;
    if (!attempt?.isWatched || mayBeInnocent) return;
    if (attempt.state !== 'timed out' && performance.now() < attempt.cutOffAtMs) {
      // Its cut-off has moved since this thread was last alive: it has asked for its deadline.
      this.#tellDue();
      return;
    }
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
      this.#runAlone(() => {
        session.disconnect();
        wakeTimers();
      });
      attempt.interrupt(stack ?? betweenMicrotasks);
      this.#update();
    };
    // Last, since V8 checks at the next call of a function: one in here would be all that is ended.
    session.post('Runtime.terminateExecution', onEnded);
  };
}
