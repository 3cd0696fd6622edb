import type { Session } from 'node:inspector';
import { type InterruptedStack, readStackBelow } from './interrupted-stack.js';
import type { EndCalls } from './node/calls-under-way.js';
import { forgetHalfLoadedModules } from './node/half-loaded-modules.js';
import { finishCallback } from './node/interrupted-callbacks.js';
import { realTimeMs } from './real-time.js';
import type { StepRunner } from './watchdog.js';
import type { ExpiredCode } from './watched-attempts.js';

const OVERDUE_MS = 1000;

/** After how many terminations in vain native code has to be taken for what swallows them, as `new MessageChannel()` does. */
const VAIN_TRIES = 2;

/** In place of a stack, where there is an endless number of microtasks and none of them blocks alone. */
const betweenMicrotasks: () => string = String.bind(undefined, 'between two microtasks');

/** What is ended, and what is called once it has ended. */
export interface InterruptionOptions {
  readonly expired: ExpiredCode;
  /** Undefined where an endless number of microtasks blocks the thread and none of them alone. */
  readonly stack: InterruptedStack | undefined;
  /** Of this thread, connected. */
  readonly session: Session;
  readonly endCalls: EndCalls;
  /** Called once the stack has been unwound, before anything else runs. */
  readonly onEnded: (interruption: Interruption) => void;
}

/** Ends the code that is running on this thread. */
export class Interruption {
  /**
   * Whether V8 is telling this thread of an end. To ask it for another one then is fatal: it frees what it is using. Stays true
   * if the telling is itself terminated, so look at the stack for the inspector too.
   */
  static isBeingTold = false;

  readonly expired: ExpiredCode;
  /** The async resources in whose callbacks the code was running. */
  readonly #resources: object[] = [];
  readonly #options: InterruptionOptions;
  readonly #madeAtMs = realTimeMs();
  #tries = 0;
  #isRefused = false;

  constructor(options: InterruptionOptions) {
    this.expired = options.expired;
    this.#options = options;
  }

  /** Whether the code has gone on for so long that it has to be said. */
  get isOverdue(): boolean {
    return realTimeMs() >= this.#madeAtMs + OVERDUE_MS;
  }

  /** Whether native code swallows the terminations that come in the user's own code. One in Node's code may come through. */
  get isSwallowed(): boolean {
    return this.#tries >= VAIN_TRIES;
  }

  /**
   * Asks V8 to end the code at the next call of a function, which must be one of that code: this must be the last call of a
   * look. Has to be called again if the code goes on, because native code may swallow the termination.
   */
  ask(): void {
    this.#tries++;
    // Before the code ends, because Node would abort the process if it met the id of a call that has been terminated.
    this.#endCalls();
    this.#terminate();
    if (!this.#isRefused) return;
    // Another termination was asked for and swallowed. It counts as under way until it has ended anything at all.
    // With an end of its own, since a thread that a debugger has paused is never terminated.
    const expression = 'for (let rounds = 0; rounds < 1e7; rounds++);';
    this.#options.session.post('Runtime.evaluate', { expression, timeout: 1 });
    this.#terminate();
  }

  #terminate(): void {
    this.#isRefused = false;
    this.#options.session.post('Runtime.terminateExecution', this.#onReply);
  }

  #endCalls(): void {
    this.#resources.push(...this.#options.endCalls());
  }

  /** Mends what Node has left half done, once the code has ended. */
  mend(): void {
    this.#endCalls();
    this.#resources.forEach(finishCallback);
    if (this.#options.stack?.mayBeRequiring) forgetHalfLoadedModules();
  }

  disconnect(): void {
    this.#options.session.disconnect();
  }

  /**
   * Tells the attempts whose code it was.
   *
   * @param runAlone - for those that are not watched, which run their own steps at once
   */
  tell(runAlone: StepRunner): void {
    const { stack } = this.#options;
    let importing = stack?.importing;
    for (const attempt of this.expired.attempts) {
      const tell = attempt.interrupt.bind(attempt, stack?.write ?? betweenMicrotasks, importing);
      importing = undefined;
      if (attempt.isWatched) tell();
      else runAlone(tell);
    }
  }

  /** V8 replies once it has ended all code. It also replies if something has ended no more than a look, or an evaluation. */
  readonly #onReply = (error: Error | null): void => {
    if (error) {
      this.#isRefused = true;
      return;
    }
    Interruption.isBeingTold = true;
    if (!readStackBelow(this.#onReply)?.isOfProgram) this.#options.onEnded(this);
    else for (const attempt of this.expired.attempts) attempt.cutOff();
    Interruption.isBeingTold = false;
  };
}
