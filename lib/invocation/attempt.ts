import { countActiveResources } from '../deadline/active-resources.js';
import {
  type AttemptState,
  asNobody,
  attempts,
  type CurrentAttempt,
  type InFlight,
  isOver,
} from '../deadline/current-attempt.js';
import { AttemptDeadline, type Deadline } from '../deadline/deadline.js';
import { Expiry } from '../deadline/expiry.js';
import { Operations } from '../operations/operations.js';
import { holdBackUncaught } from '../process/left-uncaught.js';
import { busyTimeMs } from '../report/delay.js';
import { isTimeout, type LambdaTimeoutError } from '../report/lambda-timeout-error.js';
import type { StackBudget } from '../report/stack-budget.js';
import { addCause, type DeadlineFacts } from '../report/timeout-report.js';
import { adopt } from './adopt.js';
import type { InvocationFacts } from './invocation-facts.js';
import { type LATE, logHalfImported, logLate, stacksOfLate, UNHEARD } from './late.js';
import type { Outcome } from './outcome.js';

/** How long interrupted code is not interrupted again: Node may still be reporting its rejections, one after the other. */
const RESPITE_MS = 100;

/** The part of the time of the hooks in which code whose time is over can end, before it is interrupted. */
const LEAVING_PART = 8;

/** The least time that code is left, so that what only just runs is not interrupted. */
const MIN_LEAVING_MS = 15;

/** How an attempt has ended. */
export type End =
  | { readonly how: 'in time'; readonly outcome: Outcome }
  | { readonly how: 'in grace'; readonly outcome: Outcome; readonly error: LambdaTimeoutError }
  | {
      readonly how: 'timed out';
      readonly outcome: PromiseRejectedResult;
      readonly error: LambdaTimeoutError;
    };

/** User code that an attempt runs: a handler or a hook. */
export interface UserCode {
  /** `Orders.handler`. */
  readonly name: string;
  /** On the clock of `performance.now()`; `Infinity` for never. */
  readonly deadlineAtMs: number;
  /** Into how many equal parts the time from the deadline to the hook deadline is divided. One part is grace. 0: no grace. */
  readonly graceParts: number;
  /** Whether the code has destroyed its response stream before the end. */
  readonly isResponseLost: boolean;
  call(attempt: Attempt): unknown;
  /** Makes the error of the deadline. */
  report(deadline: DeadlineFacts): LambdaTimeoutError;
  /** Called once, when the code has ended. */
  onEnd(end: End): void;
}

const callAndAdopt = (code: UserCode, attempt: Attempt): unknown => adopt(code.call(attempt));

/** One run of user code, a handler or a hook. It has one state at any time, from its start to long after its end. */
export class Attempt implements CurrentAttempt {
  state: AttemptState = 'running';
  below: CurrentAttempt | undefined;
  cutOffAtMs: number;
  readonly #code: UserCode;
  readonly #facts: InvocationFacts;
  readonly #outerExpiry: Expiry | undefined;
  #expiry: Expiry | undefined;
  #deadline: Deadline | undefined;
  #hasGrace = false;
  readonly #operations: Operations;
  /** How often its code has been interrupted in the state that it has. */
  #interruptions = 0;

  /** @param outerExpiry - a deadline that ends the time of this code as well, if it comes first */
  constructor(code: UserCode, facts: InvocationFacts, outerExpiry?: Expiry) {
    this.below = facts.below;
    this.cutOffAtMs = code.deadlineAtMs;
    this.#code = code;
    this.#facts = facts;
    this.#outerExpiry = outerExpiry;
    this.#operations = new Operations(facts.below?.operations, code.deadlineAtMs < Number.POSITIVE_INFINITY);
    // Already now, because other code may block the event loop before this code can start.
    facts.watchdog.arm(this);
  }

  get inFlight(): InFlight | undefined {
    return this.#facts.inFlight;
  }

  get isWatched(): boolean {
    return this.#facts.watchdog.isWatching;
  }

  get deadlineAtMs(): number {
    return this.#code.deadlineAtMs;
  }

  get hookDeadlineAtMs(): number {
    return this.#facts.hookDeadlineAtMs;
  }

  get leavingMs(): number {
    if (this.#interruptions > 0) return MIN_LEAVING_MS;
    return Math.max(MIN_LEAVING_MS, (this.hookDeadlineAtMs - this.deadlineAtMs) / LEAVING_PART);
  }

  /** Made when it is first needed: most code ends in time and never needs it. */
  get expiry(): Expiry {
    if (!this.#expiry) {
      this.#expiry = new Expiry(this.#code.deadlineAtMs, this.#outerExpiry, this.#facts.stacks, (blockedAt) =>
        this.#report(blockedAt),
      );
      if (this.state === 'ended') this.#expiry.neverCome();
    }
    return this.#expiry;
  }

  /** Makes the error. From now on code may leave it uncaught. */
  #report(blockedAt: ((stacks: StackBudget) => string) | undefined): LambdaTimeoutError {
    const { startedAtMs, idleAtStartMs, stacks } = this.#facts;
    // The clock first: to write out the stacks takes time, which must not count as a delay.
    const noticedAtMs = performance.now();
    const busyMs = busyTimeMs(startedAtMs, idleAtStartMs);
    holdBackUncaught();
    return this.#code.report({
      atMs: this.#code.deadlineAtMs,
      noticedAtMs,
      busyMs,
      blockedAt: blockedAt?.(stacks),
      activeResources: countActiveResources(),
      pending: this.#operations.list(noticedAtMs, stacks),
    });
  }

  get operations(): Operations | undefined {
    return this.#operations.isOpen ? this.#operations : undefined;
  }

  /** Code that asks in time has grace. It also asks for the code that it is below. */
  askForDeadline(): Deadline {
    if (!this.#deadline) {
      this.#deadline = new AttemptDeadline(this.expiry, () => this.operations);
      this.#hasGrace = this.#code.graceParts > 0 && performance.now() < this.#code.deadlineAtMs;
      this.cutOffAtMs = this.#cutOffFrom(this.#code.deadlineAtMs);
      if (this.#outerExpiry) this.below?.askForDeadline();
    }
    return this.#deadline;
  }

  /** The error, once the code must have no effect any more. */
  get errorAfterCutOff(): LambdaTimeoutError | undefined {
    return this.state === 'cut off' || this.state === 'timed out' ? this.expiry.error : undefined;
  }

  /** Whether the deadline has come before the code had ended. Reads the clock. */
  get isPastDeadline(): boolean {
    return this.state !== 'ended' && this.expiry.expired;
  }

  /**
   * Runs the code.
   *
   * @param isAnswer - tells whether the code has ended by returning this. If not, its callback ends it. Default: it has
   */
  run(isAnswer?: (result: unknown) => boolean): void {
    if (this.state !== 'running') return;
    try {
      // Thenables are adopted inside the context, because some begin their work only in `then()`.
      const result = attempts.run(this, callAndAdopt, this.#code, this);
      if (isAnswer?.(result) ?? true) this.resolve(result);
    } catch (reason) {
      this.reject(reason);
    }
    if (!this.#isOver) this.#facts.timer.set(this.#code.deadlineAtMs, () => this.#onDeadline());
  }

  /** Ends the attempt with a value, or as a promise settles. */
  resolve(value: unknown): void {
    try {
      const adopted = adopt(value);
      if (!(adopted instanceof Promise)) this.#fulfill(adopted);
      else {
        adopted.then(
          (result) => this.#fulfill(result),
          (reason) => this.reject(reason),
        );
      }
    } catch (reason) {
      this.reject(reason); // it has a `then` that throws
    }
  }

  #fulfill(value: unknown): void {
    const outcome: Outcome = { status: 'fulfilled', value };
    // Half a response must not pass for whole.
    if (!this.errorAfterCutOff && this.#code.isResponseLost && this.isPastDeadline) this.expire();
    else if (this.state === 'running') this.#end('ended', { how: 'in time', outcome });
    else if (this.state === 'in grace') {
      this.#end('ended late', { how: 'in grace', outcome, error: this.expiry.error });
    } else if (this.errorAfterCutOff) this.#logLate('answer', UNHEARD);
  }

  reject(reason: unknown): void {
    if (this.state === 'running' && !this.expiry.isSaidBy(reason)) {
      this.#end('ended', { how: 'in time', outcome: { status: 'rejected', reason } });
    } else if (this.state === 'running' || this.state === 'in grace') {
      const trail = this.expiry.follow(reason);
      const isKept = trail.onlyLeadsToEnds || addCause(this.expiry.error, trail.cut());
      this.expire();
      if (!isKept) this.#logLate('rejection', reason);
    } else this.#logLate('rejection', reason);
  }

  /** Times out now. */
  expire(): void {
    if (this.#isOver) return;
    this.#pass('cut off');
    const { error } = this.expiry;
    this.#end('timed out', { how: 'timed out', outcome: { status: 'rejected', reason: error }, error });
  }

  /** The deadline has come. Code that has asked for it can still end by itself until its cut-off. */
  #onDeadline(): void {
    if (this.#isOver) return;
    this.expiry.come();
    if (this.state === 'cut off' || !this.#hasGrace) this.expire();
    else {
      this.cutOffAtMs = this.#cutOffFrom(performance.now());
      this.#facts.watchdog.arm(this);
      this.#facts.timer.set(this.cutOffAtMs, () => this.expire());
      this.#pass('in grace');
    }
  }

  takeUncaught(reason: unknown): void {
    this.#logLate('uncaught', reason);
    if (this.state === 'cut off') this.#respite();
  }

  cutOff(): void {
    if (!this.#isOver) this.state = 'cut off';
  }

  interrupt(blockedAt: (stacks: StackBudget) => string, importing: string | undefined): void {
    if (importing !== undefined) {
      this.#facts.runAlone(() => asNobody(() => logHalfImported(this.#facts, this.#code.name, importing)));
    }
    if (this.#isOver) {
      this.#interruptions++;
      this.#facts.runAlone(() => this.#logLate('interruption', blockedAt(stacksOfLate(this.#facts))));
    } else {
      this.cutOff();
      this.#interruptions++;
      this.#respite();
      // Node tells of the code's rejections before the error is made.
      holdBackUncaught();
      this.expiry.interrupt(blockedAt);
      this.#facts.runAlone(() => this.expire());
    }
  }

  #respite(): void {
    const respiteMs = this.#interruptions > 1 ? MIN_LEAVING_MS : RESPITE_MS;
    this.cutOffAtMs = Math.max(this.cutOffAtMs, performance.now() + respiteMs);
  }

  get #isOver(): boolean {
    return isOver(this);
  }

  /** The cut-off of code whose deadline comes at that moment. */
  #cutOffFrom(deadlineAtMs: number): number {
    const leftMs = this.#facts.hookDeadlineAtMs - deadlineAtMs;
    return this.#hasGrace && leftMs > 0 ? deadlineAtMs + leftMs / this.#code.graceParts : deadlineAtMs;
  }

  /** Enters a state after the deadline. The error is made before the signal aborts. */
  #pass(state: 'in grace' | 'cut off'): void {
    this.state = state;
    this.expiry.come();
    this.#operations.close();
    const { deadlineAtMs, hookDeadlineAtMs, hardDeadlineAtMs } = this.#facts;
    const nowMs = performance.now();
    // After the last hook only the reserve is left, which the answer needs too.
    const listenersMs = Math.min(
      (hookDeadlineAtMs - deadlineAtMs) / LEAVING_PART,
      (hardDeadlineAtMs - nowMs) / 2,
    );
    if (listenersMs > 0) this.cutOffAtMs = Math.max(this.cutOffAtMs, nowMs + listenersMs);
    attempts.run(this, () => this.expiry.tell());
  }

  #end(state: 'ended' | 'ended late' | 'timed out', end: End): void {
    this.state = state;
    this.#interruptions = 0;
    if (state === 'ended') this.#expiry?.neverCome();
    else this.below = undefined;
    this.#operations.close();
    this.#facts.timer.pause();
    this.#facts.watchdog.disarm(this);
    this.#code.onEnd(end);
  }

  #logLate(what: keyof typeof LATE, detail: unknown): void {
    // Code that stops because of its signal does as it should. And each timeout has a line of its own.
    if (this.expiry.isHeededBy(detail, isTimeout)) return;
    // Its context may be that of the code, which may be interrupted. The logger must not be.
    const shown = this.expiry.follow(detail).cut();
    asNobody(() => logLate(this.#facts, this.#code.name, what, shown));
  }
}
