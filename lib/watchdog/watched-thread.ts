import { AsyncResource } from 'node:async_hooks';
import type { Session, url } from 'node:inspector';
import type { Worker } from 'node:worker_threads';
import { attempts, type CurrentAttempt, NO_ATTEMPT } from '../deadline/current-attempt.js';
import { sharedSymbol } from '../shared.js';
import { type InterruptedStack, keepErrorProperties, readStackBelow } from './interrupted-stack.js';
import { Interruption } from './interruption.js';
import { MacrotaskQueue } from './macrotask-queue.js';
import { findObstacle } from './node/async-stack.js';
import { mend } from './node/event-loop-mending.js';
import { forgetHalfLoadedModules } from './node/half-loaded-modules.js';
import { realTimeMs, ZERO } from './real-time.js';
import { Recovery } from './recovery.js';
import {
  ASLEEP_UNTIL,
  CELLS,
  CONNECTED,
  DUE,
  type LookAnswer,
  NEVER,
  READY,
  SEQUENCE,
  type WatchingThreadData,
} from './two-threads.js';
import type { StepRunner, Watchdog } from './watchdog.js';
import { type Guilty, WatchedAttempts } from './watched-attempts.js';
import { WATCHING_THREAD } from './watching-thread-text.js';

/** The name under which the global object holds the function that the watching thread calls. */
const LOOK = sharedSymbol('look');

/** How long the start of the thread may keep the start of the function waiting. */
const START_MS = 2000;

/** Soon, so that the watching thread wakes while the function still starts. */
const REHEARSAL_MS = 5;

/** How long what Node does right after an interruption may take, such as to tell of rejections. */
const UNWINDING_MS = 100;

/** How often code is ended in vain before that is said. */
const MANY_TRIES = 20;

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
  readonly endHookCalls: () => void;
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

/** A look that is under way, or that was ended half-way: a termination by others, as of `vm`, may strike a look. */
interface UnfinishedLook {
  guilty: Guilty | undefined;
  readonly restore: () => void;
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
  #unfinished: UnfinishedLook | undefined;
  /** What has been ended since the event loop last turned. Its async context is lost. */
  #ended: Guilty | undefined;
  #endedAtMs = 0;

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

  #onMessage(): void {
    this.#ended = undefined;
    this.#unfinished?.restore();
    this.#unfinished = undefined;
    if (this.#interruption?.isEnding) this.#interruption = undefined;
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
    // This thread is alive.
    if (this.#interruption?.isEnding) return false;
    const wasStruck = this.#unfinished !== undefined;
    this.#unfinished?.restore();
    // Never without the one before: a termination may strike here too.
    const look: UnfinishedLook = { restore: keepErrorProperties(), guilty: undefined, ...this.#unfinished };
    this.#unfinished = look;
    let answer = false;
    try {
      const stack = readStackBelow(this.#look);
      look.guilty ??= this.#attempts.findGuilty(stack !== undefined) ?? this.#findStillGuilty(stack);
      if (this.#interruption) {
        if (this.#interruption.isSwallowed()) return this.#askAgain(this.#interruption);
      } else if (!look.guilty) {
        this.#attempts.refresh();
        this.#tellDue();
      } else if (stack?.isInNode && !look.guilty.isUrgent) answer = true;
      else {
        const obstacle = this.#findObstacle(stack);
        if (obstacle === undefined) return this.#interrupt(look.guilty, stack);
        this.#reporter.onObstacle(obstacle);
      }
    } catch (error) {
      this.#reporter.onObstacle(String(error));
    }
    // A look that was struck may have lost the async context of the code.
    this.#unfinished = wasStruck && answer ? { ...look, restore: nothing } : undefined;
    return answer;
  };

  /** Code that goes on although V8 has told that it has ended: a termination by others may have struck a look meanwhile. */
  #findStillGuilty(stack: InterruptedStack | undefined): Guilty | undefined {
    const isOverdue = realTimeMs() >= this.#endedAtMs + UNWINDING_MS;
    return stack && isOverdue && attempts.getStore() === undefined ? this.#ended : undefined;
  }

  #findObstacle(stack: InterruptedStack | undefined): string | undefined {
    if (stack?.isAwaitedModule) return AWAITED_MODULE;
    return this.#tools.url() === undefined ? findObstacle() : DEBUGGED;
  }

  #askAgain(interruption: Interruption): false {
    if (interruption.tries >= MANY_TRIES) this.#reporter.onObstacle(SWALLOWED);
    interruption.clear();
    this.#unfinished = undefined;
    interruption.askAgain();
    return false;
  }

  #interrupt(guilty: Guilty, stack: InterruptedStack | undefined): false {
    const session = new this.#tools.Session();
    const interruption = new Interruption(session, this.#tools.endHookCalls, () => {
      try {
        interruption.clear();
        interruption.resources.forEach(mend);
        if (stack?.mayBeRequiring) forgetHalfLoadedModules();
      } catch (error) {
        this.#reporter.onObstacle(String(error));
      }
      this.#recovery.begin();
      this.#runAlone(() => session.disconnect());
      this.#tell(guilty, stack);
      this.#interruption = undefined;
      this.#ended = guilty;
      this.#endedAtMs = realTimeMs();
      this.#noteAlive();
    });
    // First, because this may fail, and the code could not go on without its stack of async ids.
    this.shield(() => session.connect());
    try {
      interruption.clear();
    } catch (error) {
      session.disconnect();
      throw error;
    }
    this.#interruption = interruption;
    this.#unfinished = undefined;
    interruption.ask();
    return false;
  }

  #tell({ attempts }: Guilty, stack: InterruptedStack | undefined): void {
    let importing = stack?.importing;
    for (const attempt of attempts) {
      const tell = attempt.interrupt.bind(attempt, stack?.write ?? betweenMicrotasks, importing);
      importing = undefined;
      // One that is not watched runs its own steps at once.
      if (attempt.isWatched) tell();
      else this.#runAlone(tell);
    }
  }
}
