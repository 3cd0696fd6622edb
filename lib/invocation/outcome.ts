import { addCause } from '../report/timeout-report.js';

/** How code has ended. */
export type Outcome = PromiseSettledResult<unknown>;

/** What the caller of an invocation is about to receive, from the end of the handler on. */
export class PendingOutcome {
  #current: Outcome;
  readonly #handlerName: string;
  readonly #ofHandler: Outcome;
  readonly #failures: unknown[] = [];

  constructor(ofHandler: Outcome, handlerName: string) {
    this.#current = ofHandler;
    this.#ofHandler = ofHandler;
    this.#handlerName = handlerName;
  }

  get current(): Outcome {
    return this.#current;
  }

  /** Takes what the hook has answered that responds to a timeout, with which the handler has ended. */
  respond(answer: Outcome): void {
    if (answer.status === 'fulfilled') this.#current = answer;
    else addCause((this.#ofHandler as PromiseRejectedResult).reason, answer.reason);
  }

  /** Takes how a `@Finally` hook has ended: its failure is that of an invocation whose handler had fulfilled. */
  conclude(answer: Outcome): void {
    if (answer.status === 'fulfilled' || this.#ofHandler.status === 'rejected') return;
    this.#failures.push(answer.reason);
    this.#current = this.#failures.length === 1 ? answer : { status: 'rejected', reason: this.#aggregate() };
  }

  #aggregate(): AggregateError {
    const message = `${this.#failures.length} @Finally hooks of ${this.#handlerName} failed`;
    return new AggregateError(this.#failures, message);
  }
}
