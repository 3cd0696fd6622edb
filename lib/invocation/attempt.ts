import {
  type AttemptState,
  attempts,
  type CurrentAttempt,
  isOver,
  unlessOver,
} from '../deadline/current-attempt.js';
import { AttemptDeadline, type Deadline } from '../deadline/deadline.js';
import { Expiry } from '../deadline/expiry.js';
import { Timer } from '../deadline/timer.js';
import type { LambdaTimeoutError } from '../report/lambda-timeout-error.js';
import { NOTHING_PENDING, PendingOperations } from '../report/pending-operations.js';
import { addCause, type DeadlineFacts } from '../report/timeout-report.js';
import { holdBackUncaught, type LATE, logHalfImported, logLate, UNHEARD } from './abandoned.js';
import { adopt } from './adopt.js';
import type { InvocationFacts } from './invocation-facts.js';
import type { Outcome } from './outcome.js';

/** How long interrupted code is not interrupted again: Node may still be reporting its rejections. */
const RESPITE_MS = 100;

/** What an attempt knows of the user code that it runs, a handler or a hook. */
export interface Code {
  /** `Orders.handler`. */
  readonly name: string;
  /** On the clock of `performance.now()`; `Infinity` for never. */
  readonly deadlineAtMs: number;
  /** Into how many equal parts the time from the deadline to the hook deadline is divided. One part is grace. 0: no grace. */
  readonly graceParts: number;
  call(attempt: Attempt): unknown;
  /** Makes the error of the deadline. */
  report(deadline: DeadlineFacts): LambdaTimeoutError;
  /** Called once, when the code has ended. */
  onEnd(attempt: Attempt, outcome: Outcome): void;
}

const callAndAdopt = (code: Code, attempt: Attempt): unknown => adopt(code.call(attempt));

/** One run of user code, a handler or a hook. It has one state at any time, from its start to long after its end. */
export class Attempt implements CurrentAttempt {
  state: AttemptState = 'running';
  cutOffAtMs: number;
  below: CurrentAttempt | undefined;
  readonly #code: Code;
  readonly #facts: InvocationFacts;
  #expiry: Expiry | undefined;
  #timer: Timer | undefined;
  #deadline: Deadline | undefined;
  #pending: PendingOperations | undefined;

  constructor(code: Code, facts: InvocationFacts) {
    this.cutOffAtMs = code.deadlineAtMs;
    this.#code = code;
    this.#facts = facts;
    // A hook may begin when that one has ended.
    this.below = unlessOver(facts.below);
    // Already now, because other code may block the event loop before this code can start.
    facts.watchdog.arm(this);
  }

  get self(): unknown {
    return this.#facts.self;
  }

  get context(): unknown {
    return this.#facts.context;
  }

  get isWatched(): boolean {
    return this.#facts.watchdog.isWatching;
  }

  /** Made when it is first needed: most code ends in time and never needs it. */
  get expiry(): Expiry {
    this.#expiry ??= new Expiry(this.#code.deadlineAtMs, (blockedAt) =>
      this.#code.report({
        atMs: this.#code.deadlineAtMs,
        blockedAt,
        timers: this.#timer ? 1 : 0,
        pending: this.#pending?.list() ?? NOTHING_PENDING,
      }),
    );
    return this.#expiry;
  }

  get pending(): PendingOperations | undefined {
    if (this.state !== 'running') return undefined;
    this.#pending ??= new PendingOperations();
    return this.#pending;
  }

  askForDeadline(): Deadline {
    if (!this.#deadline) {
      this.#deadline = new AttemptDeadline(this.expiry, () => this.pending);
      this.cutOffAtMs = this.#cutOffFrom(this.#code.deadlineAtMs);
    }
    return this.#deadline;
  }

  get deadlineAtMs(): number {
    return this.#code.deadlineAtMs;
  }

  get hookDeadlineAtMs(): number {
    return this.#facts.hookDeadlineAtMs;
  }

  /** The error, once the code must have no effect any more. */
  get errorAfterCutOff(): LambdaTimeoutError | undefined {
    return this.state === 'cut off' || this.state === 'timed out' ? this.expiry.error : undefined;
  }

  /** Runs the code. With `awaitsCallback`, code that returns nothing has not ended yet. */
  run(awaitsCallback = false): void {
    if (this.state !== 'running') return;
    try {
      // Thenables are adopted inside the context, because some begin their work only in `then()`.
      const result = attempts.run(this, callAndAdopt, this.#code, this);
      if (result !== undefined || !awaitsCallback) this.resolve(result);
    } catch (reason) {
      this.reject(reason);
    }
    if (!this.#isOver) this.#startTimer(this.#code.deadlineAtMs, () => this.#onDeadline());
  }

  /** Ends the attempt with a value, or as a promise settles. */
  resolve(value: unknown): void {
    const adopted = adopt(value);
    if (!(adopted instanceof Promise)) this.#fulfill(adopted);
    else {
      adopted.then(
        (result) => this.#fulfill(result),
        (reason) => this.reject(reason),
      );
    }
  }

  #fulfill(value: unknown): void {
    if (this.state === 'running') this.#end('ended', { status: 'fulfilled', value });
    else if (this.state === 'in grace') this.#end('ended late', { status: 'fulfilled', value });
    else if (this.errorAfterCutOff) this.#logLate('answer', UNHEARD);
  }

  reject(reason: unknown): void {
    if (this.state === 'running' && !this.expiry.isOwnError(reason)) {
      this.#end('ended', { status: 'rejected', reason });
    } else if (this.state === 'running' || this.state === 'in grace') {
      if (!this.expiry.isCausedByAbort(reason)) addCause(this.expiry.error, reason);
      this.expire();
    } else this.#logLate('rejection', reason);
  }

  /** Times out now. */
  expire(): void {
    if (this.#isOver) return;
    this.#pass('cut off');
    this.#end('timed out', { status: 'rejected', reason: this.expiry.error });
  }

  /** The deadline has come. Code that has asked for it can still end by itself until its cut-off. */
  #onDeadline(): void {
    this.expiry.come();
    if (this.state === 'cut off' || !this.#hasGrace) this.expire();
    else {
      this.cutOffAtMs = this.#cutOffFrom(performance.now());
      this.#facts.watchdog.arm(this);
      this.#startTimer(this.cutOffAtMs, () => this.expire());
      this.#pass('in grace');
    }
  }

  takeUncaught(reason: unknown): void {
    // Node calls this in the context of the code. The code may be interrupted, but the logger must not be.
    this.#facts.watchdog.shield(() => this.#logLate('uncaught', reason));
  }

  interrupt(blockedAt: () => string, importing: string | undefined): void {
    if (importing !== undefined)
      this.#facts.runAlone(() => logHalfImported(this.#facts, this.#code.name, importing));
    if (this.#isOver) {
      this.#facts.runAlone(() => this.#logLate('interruption', blockedAt()));
    } else {
      this.state = 'cut off';
      this.cutOffAtMs = performance.now() + RESPITE_MS;
      holdBackUncaught();
      this.expiry.interrupt(blockedAt);
      this.#facts.runAlone(() => this.expire());
    }
  }

  get #isOver(): boolean {
    return isOver(this);
  }

  get #hasGrace(): boolean {
    return this.#code.graceParts > 0 && this.#deadline !== undefined;
  }

  /** The cut-off of code whose deadline comes at that moment. */
  #cutOffFrom(deadlineAtMs: number): number {
    const leftMs = this.#facts.hookDeadlineAtMs - deadlineAtMs;
    return this.#hasGrace && leftMs > 0 ? deadlineAtMs + leftMs / this.#code.graceParts : deadlineAtMs;
  }

  #startTimer(atMs: number, onTime: () => void): void {
    this.#timer = this.#facts.watchdog.shield(() => new Timer(atMs, onTime));
  }

  /** Enters a state after the deadline. The error is made before the signal aborts. */
  #pass(state: 'in grace' | 'cut off'): void {
    this.state = state;
    holdBackUncaught();
    this.expiry.come();
    // Last, because a listener may block the event loop and be interrupted.
    attempts.run(this, () => this.expiry.abort());
  }

  #end(state: AttemptState, outcome: Outcome): void {
    this.state = state;
    if (state === 'timed out') this.below = undefined;
    this.#pending?.clear();
    this.#pending = undefined;
    this.#timer?.clear();
    this.#facts.watchdog.disarm(this);
    this.#code.onEnd(this, outcome);
  }

  #logLate(what: keyof typeof LATE, detail: unknown): void {
    // Code that stops because of its signal does as it should.
    if (!this.expiry.isCausedByAbort(detail)) logLate(this.#facts, this.#code.name, what, detail);
  }
}
