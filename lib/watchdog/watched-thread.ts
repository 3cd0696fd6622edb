import { AsyncResource } from 'node:async_hooks';
import type { Session, url } from 'node:inspector';
import type { Worker } from 'node:worker_threads';
import { attempts, type CurrentAttempt, NO_ATTEMPT } from '../deadline/current-attempt.js';
import { sharedSymbol } from '../shared.js';
import { type InterruptedStack, keepErrorProperties, readStackBelow } from './interrupted-stack.js';
import { Interruption } from './interruption.js';
import { MacrotaskQueue } from './macrotask-queue.js';
import type { EndCalls } from './node/calls-under-way.js';
import { forgetHalfLoadedModules } from './node/half-loaded-modules.js';
import { finishCallback } from './node/interrupted-callbacks.js';
import { realTimeMs, ZERO } from './real-time.js';
import { Recovery } from './recovery.js';
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
import type { StepRunner, Watchdog } from './watchdog.js';
import { type ExpiredCode, WatchedAttempts } from './watched-attempts.js';
import { WATCHING_THREAD } from './watching-thread-text.js';

/** The name under which the global object holds the function that the watching thread calls. */
const LOOK = sharedSymbol('look');

/** How long the start of the thread may keep the start of the function waiting. */
const START_MS = 2000;

/** How long the exit of the process waits for a look that is under way. */
const LEAVE_MS = 100;

/** In place of a stack, where there is an endless number of microtasks and none of them blocks alone. */
const betweenMicrotasks: () => string = String.bind(undefined, 'between two microtasks');

/** V8 ends the process if such a module is terminated. */
const AWAITED_MODULE = 'a module that goes on after a top-level `await` cannot be interrupted';

const SWALLOWED = 'it calls native code that goes on in spite of it, such as `vm` with a `timeout`';

const DEBUGGED = 'a debugger can attach, and what waits at a breakpoint must not be interrupted';

/** As arguments they take 64 kB of the stack, which is more than a look and an interruption take. */
const ROOM: readonly undefined[] = Array(8192).fill(undefined);

const nothing = (): void => {};

/** The parts of Node that only the watchdog needs. */
export interface Tools {
  readonly Worker: typeof Worker;
  readonly Session: typeof Session;
  readonly url: typeof url;
  readonly threadId: number;
  readonly endCalls: EndCalls;
  /** Whether no code runs beside an invocation that is not part of it. */
  readonly isAlone: boolean;
}

/** What the watchdog has to say. */
export interface Reporter {
  /** Why code cannot be interrupted. */
  onObstacle(reason: string): void;
  /** What works no longer since an interruption. */
  onDamage(part: string): void;
}

/** Watches the thread that it is made on, from another one. */
export class ThreadWatchdog implements Watchdog {
  readonly isWatching = true;
  readonly #tools: Tools;
  readonly #reporter: Reporter;
  readonly #cells = new Int32Array(new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT));
  readonly #steps = this.shield(() => new MacrotaskQueue());
  readonly #recovery: Recovery;
  /** For steps of its own. */
  readonly #runAlone: StepRunner;
  readonly #attempts: WatchedAttempts;
  /** The interruption that V8 was asked for, and whose code has not ended. */
  #interruption: Interruption | undefined;
  /** Puts back what a look has changed. A termination by others, as of `vm`, may strike a look, which ends half-way then. */
  #restore: (() => void) | undefined;

  constructor(tools: Tools, reporter: Reporter) {
    this.#tools = tools;
    this.#reporter = reporter;
    this.#attempts = new WatchedAttempts(tools.isAlone);
    this.#recovery = new Recovery(this.#steps, {
      isMainThread: tools.threadId === 0,
      // A process that exits while it is looked at would wait for that, and say so.
      isLeftAlone: () => tools.threadId !== 0 || this.#cells[CONNECTED] === 0,
      onDamage: reporter.onDamage,
    });
    this.#cells[DUE] = NEVER;
    this.#runAlone = this.createStepRunner();
    this.shield(() => this.#startThread());
    if (tools.threadId === 0) process.once('exit', () => this.shield(() => this.#leave()));
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
    const context = this.shield(() => new AsyncResource('LambdaGracefulTimeout'));
    return (step) => this.#steps.run(context, step);
  }

  /**
   * Waits until the thread watches and has looked once. V8 compiles a function when it first runs, and the first interruption
   * must not wait for that with a small share of the CPU.
   */
  getReady(): void {
    Atomics.wait(this.#cells, READY, 0, START_MS);
    const rehearsal = { ...NO_ATTEMPT, cutOffAtMs: performance.now() };
    this.arm(rehearsal);
    Atomics.wait(this.#cells, READY, 1, START_MS);
    this.disarm(rehearsal);
  }

  #startThread(): void {
    const { Worker, threadId } = this.#tools;
    const workerData: WatchingThreadData = {
      memory: this.#cells.buffer,
      zero: ZERO,
      threadId,
      expression: `globalThis[Symbol.for(${JSON.stringify(Symbol.keyFor(LOOK))})]()`,
    };
    const worker = new Worker(WATCHING_THREAD, { eval: true, env: {}, execArgv: [], workerData });
    worker.on('message', () => this.#onMessage());
    worker.on('error', ({ message }) => {
      this.#cells[CONNECTED] = 0;
      this.#reporter.onObstacle(message);
    });
    worker.unref();
  }

  /** Waits until nothing is connected to the inspector any more, because Node would wait for that when it exits, and say so. */
  #leave(): void {
    Atomics.store(this.#cells, DUE, NEVER);
    const untilMs = realTimeMs() + LEAVE_MS;
    // The look that is under way comes through: it wakes the thread.
    while (Atomics.wait(this.#cells, CONNECTED, 1, 1) !== 'not-equal' && realTimeMs() < untilMs);
  }

  #onMessage(): void {
    this.#cells[ANSWERED] = 1;
    // Its code has ended, and V8 has not said so: that is lost where native code swallows terminations.
    const interruption = this.#interruption;
    if (interruption) this.shield(() => this.#goOn(interruption));
    this.#restore?.();
    this.#restore = undefined;
    this.#recovery.noteTurn();
    this.#attempts.refresh();
    this.#noteAlive();
  }

  #noteAlive(): void {
    this.#attempts.noteAlive();
    this.#tellDue();
  }

  /** Tells the watching thread when to look at this one next. */
  #tellDue(): void {
    const ms = Math.min(this.#attempts.msUntilLook(), this.#recovery.msUntilTurn);
    const due = Math.min(NEVER, Math.ceil(realTimeMs() + ms));
    Atomics.store(this.#cells, DUE, due);
    if (due >= Atomics.load(this.#cells, ASLEEP_UNTIL)) return;
    Atomics.add(this.#cells, SEQUENCE, 1);
    Atomics.notify(this.#cells, SEQUENCE);
  }

  /** The watching thread makes V8 call this here, in the middle of code that blocks this thread, or while it is idle. */
  readonly #look = (): LookAnswer => {
    // Throws if the stack has no room for all of the following, because half of it would do harm.
    Reflect.apply(nothing, undefined, ROOM);
    this.#restore?.();
    // Never without the one before: a termination may strike here too.
    this.#restore ??= keepErrorProperties();
    let answer = false;
    try {
      answer = this.#judge(readStackBelow(this.#look));
    } catch (error) {
      this.#reporter.onObstacle(String(error));
    }
    this.#restore = undefined;
    return answer;
  };

  #judge(stack: InterruptedStack | undefined): LookAnswer {
    if (Interruption.isBeingTold && stack?.isOfInspector) return true;
    const interruption = this.#interruption;
    // The code has ended, and V8 is about to say so.
    if (interruption && !stack?.isOfProgram) return false;
    const expired = this.#attempts.findExpired(stack !== undefined, interruption?.expired.attempts[0]);
    if (expired && stack?.isInNode && !expired.isUrgent && !interruption?.isSwallowed) return true;
    if (interruption) {
      if (!expired) return false;
      if (interruption.isOverdue) this.#reporter.onObstacle(SWALLOWED);
      interruption.ask();
      // Soon, and not always at the same moment of what native code does again and again.
      return true;
    }
    if (!expired) {
      this.#attempts.refresh();
      this.#tellDue();
      return false;
    }
    const obstacle = this.#findObstacle(stack);
    if (obstacle === undefined) this.#interrupt(expired, stack);
    else this.#reporter.onObstacle(obstacle);
    return false;
  }

  #findObstacle(stack: InterruptedStack | undefined): string | undefined {
    if (stack?.isAwaitedModule) return AWAITED_MODULE;
    return this.#tools.url() === undefined ? undefined : DEBUGGED;
  }

  #interrupt(expired: ExpiredCode, stack: InterruptedStack | undefined): void {
    const session = new this.#tools.Session();
    session.connect();
    this.#interruption = new Interruption({
      expired,
      stack,
      session,
      endCalls: this.#tools.endCalls,
      onEnded: (interruption) => this.shield(() => this.#onEnded(interruption)),
    });
    this.#cells[INTERRUPTING] = 1;
    this.#interruption.ask();
  }

  #onEnded(interruption: Interruption): void {
    const { stack, resources } = interruption;
    try {
      interruption.endCalls();
      resources.forEach(finishCallback);
      if (stack?.mayBeRequiring) forgetHalfLoadedModules();
    } catch (error) {
      this.#reporter.onObstacle(String(error));
    }
    this.#goOn(interruption);
  }

  /** Goes on once the code has ended. */
  #goOn(interruption: Interruption): void {
    this.#interruption = undefined;
    this.#cells[INTERRUPTING] = 0;
    this.#recovery.begin();
    this.#runAlone(() => interruption.disconnect());
    this.#tell(interruption);
    this.#noteAlive();
  }

  #tell({ expired, stack }: Interruption): void {
    let importing = stack?.importing;
    for (const attempt of expired.attempts) {
      const tell = attempt.interrupt.bind(attempt, stack?.write ?? betweenMicrotasks, importing);
      importing = undefined;
      // One that is not watched runs its own steps at once.
      if (attempt.isWatched) tell();
      else this.#runAlone(tell);
    }
  }
}
