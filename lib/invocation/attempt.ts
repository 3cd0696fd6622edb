import { type AttemptState, attempts, type CurrentAttempt } from '../deadline/current-attempt.js';
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

/** For how long code is left alone that has just been interrupted: Node may be telling of its rejections. */
const RESPITE_MS = 100;

/** User code, a handler or a hook, as the attempt sees it that runs it. */
export interface Code {
  /** `Orders.handler`. */
  readonly name: string;
  /** On the clock of `performance.now()`; `Infinity` for never. */
  readonly deadlineAtMs: number;
  /** The time from the deadline to the hook deadline is divided into so many equal parts, one of which is grace. 0: no grace. */
  readonly graceParts: number;
  call(attempt: Attempt): unknown;
  /** Makes the error of the deadline. */
  report(deadline: DeadlineFacts): LambdaTimeoutError;
  /** Is told once how the code has ended. */
  onEnd(attempt: Attempt, outcome: Outcome): void;
}

const callAndAdopt = (code: Code, attempt: Attempt): unknown => adopt(code.call(attempt));

/** One run of user code, a handler or a hook, in one state from its start to whatever it still does after its end. */
export class Attempt implements CurrentAttempt {
  state: AttemptState = 'running';
  cutOffAtMs: number;
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
    // Already now: what blocks the event loop may keep the code from being started at all.
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

  /** Made when it is first needed: most code ends in time and never asks for it. */
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

  /** The error of an attempt whose code must reach nothing any more. */
  get errorAfterCutOff(): LambdaTimeoutError | undefined {
    return this.state === 'cut off' || this.state === 'timed out' ? this.expiry.error : undefined;
  }

  /** Runs the code; where it `awaitsCallback`, returning nothing does not end it. */
  run(awaitsCallback = false): void {
    if (this.state !== 'running') return;
    try {
      // Thenables are adopted inside: some begin their work only when somebody waits for them.
      const result = attempts.run(this, callAndAdopt, this.#code, this);
      if (result !== undefined || !awaitsCallback) this.resolve(result);
    } catch (reason) {
      this.reject(reason);
    }
    if (!this.#isOver) this.#startTimer(this.#code.deadlineAtMs, () => this.#onDeadline());
  }

  /** Ends the attempt with a value, or with what becomes of it if it is a promise. */
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
      if (!this.expiry.isHeededBy(reason)) addCause(this.expiry.error, reason);
      this.expire();
    } else this.#logLate('rejection', reason);
  }

  /** Times out here and now. */
  expire(): void {
    if (this.#isOver) return;
    this.#pass('cut off');
    this.#end('timed out', { status: 'rejected', reason: this.expiry.error });
  }

  /** The deadline asks: code that has asked for it before can still end by itself until its cut-off. */
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
    // In the context of the code, which may be interrupted; the logger must not.
    this.#facts.watchdog.shield(() => this.#logLate('uncaught', reason));
  }

  interrupt(blockedAt: () => string, importing: string | undefined): void {
    if (importing !== undefined)
      this.#facts.runAlone(() => logHalfImported(this.#facts, this.#code.name, importing));
    if (this.#isOver) {
      const error = () => new Error(`It blocked the event loop and was interrupted ${blockedAt()}`);
      this.#facts.runAlone(() => this.reject(error()));
    } else {
      this.state = 'cut off';
      this.cutOffAtMs = performance.now() + RESPITE_MS;
      holdBackUncaught();
      this.expiry.interrupt(blockedAt);
      this.#facts.runAlone(() => this.expire());
    }
  }

  get #isOver(): boolean {
    return this.state === 'ended' || this.state === 'ended late' || this.state === 'timed out';
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

  /** Leaves the time before the deadline behind: the error is made, and only then the signal aborts. */
  #pass(state: 'in grace' | 'cut off'): void {
    this.state = state;
    holdBackUncaught();
    this.expiry.come();
    // Last of all: a listener may block the event loop, and be interrupted.
    attempts.run(this, () => this.expiry.abort());
  }

  #end(state: AttemptState, outcome: Outcome): void {
    this.state = state;
    this.#pending = undefined;
    this.#timer?.clear();
    this.#facts.watchdog.disarm(this);
    this.#code.onEnd(this, outcome);
  }

  #logLate(what: keyof typeof LATE, detail: unknown): void {
    // That code heeds its signal is as it should be.
    if (!this.expiry.isHeededBy(detail)) logLate(this.#facts, this.#code.name, what, detail);
  }
}
