import { AsyncResource } from 'node:async_hooks';
import type { Session, url } from 'node:inspector';
import type { Worker } from 'node:worker_threads';
import { asNobody, type CurrentAttempt } from '../deadline/current-attempt.js';
import { type InterruptedStack, keepErrorProperties, readStackBelow } from './interrupted-stack.js';
import { Interruption } from './interruption.js';
import { MacrotaskQueue } from './macrotask-queue.js';
import type { EndCalls } from './node/calls-under-way.js';
import { Recovery } from './recovery.js';
import type { LookAnswer } from './two-threads.js';
import type { StepRunner, Watchdog } from './watchdog.js';
import { type ExpiredCode, WatchedAttempts } from './watched-attempts.js';
import { WatchingWorker } from './watching-worker.js';

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
  readonly #worker: WatchingWorker;
  readonly #steps = asNobody(() => new MacrotaskQueue());
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
    this.#worker = asNobody(
      () =>
        new WatchingWorker(tools, {
          onLook: this.#look,
          onMessage: () => this.#onMessage(),
          onError: reporter.onObstacle,
        }),
    );
    const isMainThread = tools.threadId === 0;
    this.#recovery = new Recovery(this.#steps, {
      isMainThread,
      // A process that exits while it is looked at would wait for that, and say so.
      isLeftAlone: () => !isMainThread || !this.#worker.isConnected,
      onDamage: reporter.onDamage,
    });
    this.#runAlone = this.createStepRunner();
    if (isMainThread) process.once('exit', () => asNobody(() => this.#worker.leave()));
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

  createStepRunner(): StepRunner {
    const context = asNobody(() => new AsyncResource('LambdaGracefulTimeout'));
    return (step) => this.#steps.run(context, step);
  }

  /**
   * Waits until the thread watches and has looked once. V8 compiles a function when it first runs, and the first interruption
   * must not wait for that with a small share of the CPU. No attempt is armed for it: however long this thread is kept from
   * going on, the next look must find nothing to end.
   */
  getReady(): void {
    this.#worker.waitUntil('it watches');
    this.#worker.lookIn(0);
    this.#worker.waitUntil('it has looked');
  }

  #onMessage(): void {
    // Its code has ended, and V8 has not said so: that is lost where native code swallows terminations.
    const interruption = this.#interruption;
    if (interruption) asNobody(() => this.#goOn(interruption));
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
    this.#worker.lookIn(Math.min(this.#attempts.msUntilLook(), this.#recovery.msUntilTurn));
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
    if (expired && !interruption?.isSwallowed && stack?.isInNode && !expired.isUrgent) return true;
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
      onEnded: (interruption) => asNobody(() => this.#onEnded(interruption)),
    });
    this.#worker.isInterrupting = true;
    this.#interruption.ask();
  }

  #onEnded(interruption: Interruption): void {
    try {
      interruption.mend();
    } catch (error) {
      this.#reporter.onObstacle(String(error));
    }
    this.#goOn(interruption);
  }

  /** Goes on once the code has ended. */
  #goOn(interruption: Interruption): void {
    this.#interruption = undefined;
    this.#worker.isInterrupting = false;
    this.#recovery.begin();
    this.#runAlone(() => interruption.disconnect());
    interruption.tell(this.#runAlone);
    this.#noteAlive();
  }
}
