/** A Lambda context whose clock runs, as the runtime client makes it. */
export class FakeContext {
  readonly #deadlineMs: number;

  constructor(
    timeoutMs: number,
    readonly awsRequestId = 'request-1',
  ) {
    this.#deadlineMs = Date.now() + timeoutMs;
  }

  /** Needs its `this`, so it proves that it is called as a method. */
  getRemainingTimeInMillis(): number {
    return this.#deadlineMs - Date.now();
  }
}
