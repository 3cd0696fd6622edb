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
import { ASLEEP_UNTIL, CELLS, DUE, LOOK, type Look, NEVER, READY, SEQUENCE } from './shared-memory.js';
import type { StepRunner, Watchdog } from './watchdog.js';
import { WATCHING_THREAD } from './watching-thread.js';

// Taken now: a test that fakes time later must not fake it for the watchdog's thread.
const { hrtime } = process;

const nowMs = (): number => Number(hrtime.bigint()) / 1e6;

/** How often a thread on which abandoned code may run has to show that it is alive. */
const SIGN_OF_LIFE_MS = 250;

/** For how long abandoned code may block the thread, once that has been seen. */
const SUSPECT_MS = 1000;

/** For how long a function of Node is left to end, where it is the innermost one. */
const NODE_MS = 50;

/** How long the start of the thread may keep the start of the function waiting. */
const START_MS = 2000;

/** Soon, so that the watchdog's thread wakes while the function still starts. */
const REHEARSAL_MS = 5;

/** In place of a stack: what blocks is not one of them but that there is no end of them. */
const betweenMicrotasks: () => string = String.bind(undefined, 'between two microtasks');

/** V8 ends the process where it is terminated in one that waited for a module that it imports. */
const AWAITED_MODULE = 'a module that goes on after a top-level `await` cannot be interrupted';

/** As arguments they take 64 kB of the stack, which is more than a look and an interruption take. */
const ROOM: readonly undefined[] = Array(8192).fill(undefined);

const nothing = (): void => {};

/** What the watchdog needs of Node and nobody else does. */
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
  readonly #startedAt = hrtime.bigint();
  readonly #cells = new Int32Array(new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT));
  readonly #steps: MacrotaskQueue;
  /** For steps of its own. */
  readonly #runAlone: StepRunner;
  readonly #armed = new Set<CurrentAttempt>();
  /** Whether there may be code that was abandoned, which can block the thread at any time. */
  #hasSuspects = false;
  // What has been seen since this thread was last alive: since when it is stuck, since when with code that must end, and
  // whether last with code of no invocation that is under way.
  #stuckSinceMs: number | undefined;
  #guiltySinceMs: number | undefined;
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

  /**
   * Waits until the thread watches, and does once what it does in each invocation: neither the thread's start nor the
   * compilation of all this must take the first invocation's share of a small CPU.
   */
  getReady(): void {
    Atomics.wait(this.#cells, READY, 0, START_MS);
    const rehearsal = { ...NO_ATTEMPT, cutOffAtMs: performance.now() + REHEARSAL_MS };
    this.arm(rehearsal);
    this.disarm(rehearsal);
    this.#runAlone(nothing);
  }

  #startThread(): void {
    const { Worker, threadId } = this.#tools;
    const workerData = { memory: this.#cells.buffer, startedAt: this.#startedAt, threadId };
    const worker = new Worker(WATCHING_THREAD, { eval: true, env: {}, execArgv: [], workerData });
    worker.on('message', () => this.#update());
    worker.on('error', ({ message }) => this.#onObstacle(message));
    worker.unref();
  }

  /** Tells the watchdog's thread that this one is alive, and when to look after it next. */
  #update(): void {
    this.#stuckSinceMs = undefined;
    this.#guiltySinceMs = undefined;
    this.#sawShared = false;
    this.#tellDue();
  }

  #tellDue(): void {
    const now = Number((hrtime.bigint() - this.#startedAt) / 1_000_000n);
    const clock = performance.now();
    let due = NEVER;
    if (this.#hasSuspects) {
      const stuckForMs = this.#stuckSinceMs === undefined ? undefined : nowMs() - this.#stuckSinceMs;
      due =
        now + Math.ceil(stuckForMs === undefined ? SIGN_OF_LIFE_MS : Math.max(0, SUSPECT_MS - stuckForMs));
    }
    for (const { cutOffAtMs } of this.#armed) {
      due = Math.min(due, now + Math.max(0, Math.ceil(cutOffAtMs - clock)));
    }
    Atomics.store(this.#cells, DUE, due);
    if (due >= Atomics.load(this.#cells, ASLEEP_UNTIL)) return;
    Atomics.add(this.#cells, SEQUENCE, 1);
    Atomics.notify(this.#cells, SEQUENCE);
  }

  /** Called from the watchdog's thread, in the middle of whatever blocks this one, or of nothing. */
  readonly #look: Look = () => {
    // Throws where the stack has no room for all of this: half of it would do harm.
    Reflect.apply(nothing, undefined, ROOM);
    try {
      const stack = readStackBelow(this.#look);
      const attempt = this.#findGuilty(stack !== undefined);
      if (!attempt) {
        this.#tellDue();
        return false;
      }
      this.#guiltySinceMs ??= nowMs();
      if (stack?.isInNode && nowMs() - this.#guiltySinceMs < NODE_MS) return true;
      const obstacle = stack?.isAwaitedModule ? AWAITED_MODULE : findObstacle();
      if (obstacle === undefined) this.#interrupt(attempt, stack);
      else this.#onObstacle(obstacle);
    } catch (error) {
      this.#onObstacle(String(error));
    }
    return false;
  };

  /** The attempt whose code blocks this thread and must not any more. */
  #findGuilty(isInCode: boolean): CurrentAttempt | undefined {
    const current = attempts.getStore();
    this.#stuckSinceMs ??= nowMs();
    const isDue = (attempt: CurrentAttempt): boolean => performance.now() >= attempt.cutOffAtMs;

    // What was opened at module level, or by an invocation that is over, works for the only one that there is.
    if (current === undefined || current.state.startsWith('ended')) {
      // It may be idle, or just be passing on the answer of one that has ended in time. If so, it is not seen so twice.
      const wasShared = this.#sawShared;
      this.#sawShared = true;
      const [only, ...others] = this.#armed;
      return only && others.length === 0 && isInCode && wasShared && isDue(only) ? only : undefined;
    }
    this.#sawShared = false;
    if (!current.isWatched) return undefined;
    if (current.state !== 'timed out') return isDue(current) ? current : undefined;
    // A callback of a connection that it has opened may be at work for an innocent invocation, but not for that long.
    const isStuck = nowMs() - this.#stuckSinceMs >= SUSPECT_MS || [...this.#armed].some(isDue);
    return isStuck ? current : undefined;
  }

  #interrupt(attempt: CurrentAttempt, stack: InterruptedStack | undefined): void {
    const session = new this.#tools.Session();
    // Before the stack of ids is touched, without which the code could not go on: this may fail.
    this.shield(() => session.connect());
    const resources: object[] = [];
    try {
      this.shield(() => resources.push(...clearAsyncStack()));
    } catch (error) {
      session.disconnect();
      throw error;
    }
    // Called once the stack has been unwound, before anything else runs. Code ends only where V8 next checks, which may
    // be a callback further, so the stack of ids is not empty for sure.
    const onEnded = () => {
      this.shield(() => resources.push(...clearAsyncStack()));
      resources.forEach(mend);
      this.#tools.timerLists.mend();
      if (stack?.isRequiring) forgetHalfLoadedModules();
      this.#runAlone(() => session.disconnect());
      attempt.interrupt(stack?.write ?? betweenMicrotasks, stack?.importing);
      this.#update();
    };
    // Last, since V8 checks at the next call of a function: one in here would be all that is ended.
    session.post('Runtime.terminateExecution', onEnded);
  }
}
