/** A Lambda context whose remaining time counts down, like that of the runtime client. */
export class FakeContext {
  readonly #deadlineMs: number;

  constructor(
    timeoutMs: number,
    readonly awsRequestId = 'request-1',
  ) {
    this.#deadlineMs = Date.now() + timeoutMs;
  }

  /** Needs its `this`, so a call that is not a method call fails. */
  getRemainingTimeInMillis(): number {
    return this.#deadlineMs - Date.now();
  }
}
