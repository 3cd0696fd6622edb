import { AsyncResource } from 'node:async_hooks';
import type { Session } from 'node:inspector';
import type { Worker } from 'node:worker_threads';
import { attempts, type CurrentAttempt, NO_ATTEMPT } from '../deadline/current-attempt.js';
import { type InterruptedStack, readStackBelow } from './interrupted-stack.js';
import { MacrotaskQueue } from './macrotask-queue.js';
import { clearAsyncStack, findObstacle } from './node/async-stack.js';
import { mend } from './node/event-loop-mending.js';
import { forgetHalfLoadedModules } from './node/half-loaded-modules.js';
import type { TimerLists } from './node/timer-lists.js';
import { realTimeMs, ZERO } from './real-time.js';
import { ASLEEP_UNTIL, CELLS, DUE, LOOK, type Look, NEVER, READY, SEQUENCE } from './shared-memory.js';
import type { StepRunner, Watchdog } from './watchdog.js';
import { WatchedAttempts } from './watched-attempts.js';
import { WATCHING_THREAD } from './watching-thread.js';

/** For how long a function of Node is left to end, where it is the innermost one. */
const NODE_MS = 50;

/** How long the start of the thread may keep the start of the function waiting. */
const START_MS = 2000;

/** Soon, so that the watchdog's thread wakes while the function still starts. */
const REHEARSAL_MS = 5;

/** In place of a stack, where there is an endless number of microtasks and none of them blocks alone. */
const betweenMicrotasks: () => string = String.bind(undefined, 'between two microtasks');

/** V8 ends the process if such a module is terminated. */
const AWAITED_MODULE = 'a module that goes on after a top-level `await` cannot be interrupted';

/** As arguments they take 64 kB of the stack, which is more than a look and an interruption take. */
const ROOM: readonly undefined[] = Array(8192).fill(undefined);

const nothing = (): void => {};

/** The parts of Node that only the watchdog needs. */
export interface Tools {
  readonly Worker: typeof Worker;
  readonly Session: typeof Session;
  readonly threadId: number;
  readonly timerLists: Pick<TimerLists, 'mend'>;
}

/** Watches the thread that it is made on, from another one. */
export class ThreadWatchdog implements Watchdog {
  readonly isWatching = true;
  readonly #tools: Tools;
  readonly #onObstacle: (reason: string) => void;
  readonly #cells = new Int32Array(new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT));
  readonly #steps: MacrotaskQueue;
  /** For steps of its own. */
  readonly #runAlone: StepRunner;
  readonly #attempts = new WatchedAttempts();

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
    this.#attempts.add(attempt);
    this.#noteAlive();
  }

  disarm(attempt: CurrentAttempt): void {
    this.#attempts.remove(attempt);
    this.#noteAlive();
  }

  shield<Result>(code: () => Result): Result {
    return attempts.run(NO_ATTEMPT, code);
  }

  createStepRunner(): StepRunner {
    const context = new AsyncResource('LambdaGracefulTimeout');
    return (step) => this.#steps.run(context, step);
  }

  /**
   * Waits until the thread watches, and arms and disarms once: neither the thread's start nor the compilation of what each
   * invocation calls must take the first invocation's share of a small CPU.
   */
  getReady(): void {
    Atomics.wait(this.#cells, READY, 0, START_MS);
    const rehearsal = { ...NO_ATTEMPT, cutOffAtMs: performance.now() + REHEARSAL_MS };
    this.arm(rehearsal);
    this.disarm(rehearsal);
  }

  #startThread(): void {
    const { Worker, threadId } = this.#tools;
    const workerData = { memory: this.#cells.buffer, zero: ZERO, threadId };
    const worker = new Worker(WATCHING_THREAD, { eval: true, env: {}, execArgv: [], workerData });
    worker.on('message', () => this.#noteAlive());
    worker.on('error', ({ message }) => this.#onObstacle(message));
    worker.unref();
  }

  #noteAlive(): void {
    this.#attempts.noteAlive();
    this.#tellDue();
  }

  /** Tells the watchdog's thread when to look at this one next. */
  #tellDue(): void {
    const due = Math.min(NEVER, Math.ceil(realTimeMs() + this.#attempts.msUntilLook()));
    Atomics.store(this.#cells, DUE, due);
    if (due >= Atomics.load(this.#cells, ASLEEP_UNTIL)) return;
    Atomics.add(this.#cells, SEQUENCE, 1);
    Atomics.notify(this.#cells, SEQUENCE);
  }

  /** The watchdog's thread makes V8 call this here, in the middle of code that blocks this thread, or while it is idle. */
  readonly #look: Look = () => {
    // Throws if the stack has no room for all of the following, because half of it would do harm.
    Reflect.apply(nothing, undefined, ROOM);
    try {
      const stack = readStackBelow(this.#look);
      const guilty = this.#attempts.findGuilty(stack !== undefined);
      if (!guilty) {
        this.#tellDue();
        return false;
      }
      if (stack?.isInNode && guilty.forMs < NODE_MS) return true;
      const obstacle = stack?.isAwaitedModule ? AWAITED_MODULE : findObstacle();
      if (obstacle === undefined) this.#interrupt(guilty.attempt, stack);
      else this.#onObstacle(obstacle);
    } catch (error) {
      this.#onObstacle(String(error));
    }
    return false;
  };

  #interrupt(attempt: CurrentAttempt, stack: InterruptedStack | undefined): void {
    const session = new this.#tools.Session();
    // First, because this may fail, and the code could not go on without its stack of async ids.
    this.shield(() => session.connect());
    const resources: object[] = [];
    try {
      this.shield(() => resources.push(...clearAsyncStack()));
    } catch (error) {
      session.disconnect();
      throw error;
    }
    // Called once the stack has been unwound, before anything else runs. Code ends only where V8 next checks, which may be
    // in a later callback, so there may be async ids again.
    const onEnded = () => {
      try {
        this.shield(() => resources.push(...clearAsyncStack()));
        resources.forEach(mend);
        this.#tools.timerLists.mend();
        if (stack?.mayBeRequiring) forgetHalfLoadedModules();
      } catch (error) {
        this.#onObstacle(String(error));
      }
      this.#runAlone(() => session.disconnect());
      attempt.interrupt(stack?.write ?? betweenMicrotasks, stack?.importing);
      this.#noteAlive();
    };
    // Last, because V8 checks at the next call of a function: a call in here would be all that it ends.
    session.post('Runtime.terminateExecution', onEnded);
  }
}
