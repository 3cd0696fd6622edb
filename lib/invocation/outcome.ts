import { withErrorProperty } from '../report/error-property.js';
import { addHookFailure } from '../report/timeout-report.js';

/** How code has ended. */
export type Outcome = PromiseSettledResult<unknown>;

const NO_FAILURES: readonly unknown[] = [];

/** What the caller of an invocation is about to receive. Hooks can change it after the handler has ended. */
export class CallerOutcome {
  #current: Outcome;
  readonly #handlerName: string;
  readonly #ofHandler: Outcome;
  #failures: readonly unknown[] = NO_FAILURES;

  constructor(ofHandler: Outcome, handlerName: string) {
    this.#current = ofHandler;
    this.#ofHandler = ofHandler;
    this.#handlerName = handlerName;
  }

  get current(): Outcome {
    return this.#current;
  }

  /** Takes the answer of the hook with `respond: true`, after a timeout. */
  respond(answer: Outcome): void {
    if (answer.status === 'rejected')
      addHookFailure((this.#ofHandler as PromiseRejectedResult).reason, answer.reason);
    else this.#current = answer;
  }

  /** Takes the end of a `@Finally` hook. If it failed although the handler had fulfilled, the invocation fails. */
  conclude(answer: Outcome): void {
    if (answer.status === 'fulfilled' || this.#ofHandler.status === 'rejected') return;
    this.#failures = [...this.#failures, answer.reason];
    this.#current = this.#failures.length === 1 ? answer : { status: 'rejected', reason: this.#aggregate() };
  }

  #aggregate(): AggregateError {
    const message = `${this.#failures.length} @Finally hooks of ${this.#handlerName} failed`;
    return withErrorProperty('stackTraceLimit', 0, () => new AggregateError(this.#failures, message));
  }
}
