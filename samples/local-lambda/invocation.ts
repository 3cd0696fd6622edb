import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';

/** How an invocation ended. */
export type InvocationStatus = 'succeeded' | 'failed' | 'timed out' | 'exited' | 'init failed';

/** The error that the caller of the function receives. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  /** The stack, line by line; absent where the platform, not the function, failed. */
  readonly trace?: readonly string[];
}

/** A line as it stands in CloudWatch Logs. */
export interface LogLine {
  /** When it arrived, in ms since the START of its request, or of the latest one if it has none. */
  readonly atMs: number;
  /** The request in whose course it was printed; absent between requests. */
  readonly requestId: string | undefined;
  readonly source: 'platform' | 'handler';
  readonly text: string;
}

/** What the caller of the function received and what a reader of its log sees. */
export interface InvocationResult {
  readonly requestId: string;
  readonly status: InvocationStatus;
  /** The parsed response; for a streamed one its HTTP prelude, if it had any. */
  readonly response: unknown;
  /** The response as it was sent, without the HTTP prelude: all that arrived, even of one that was cut off. */
  readonly body: string;
  readonly error: FunctionError | undefined;
  readonly streaming: boolean;
  /** From START until the response or the end of the process, in ms. */
  readonly durationMs: number;
  readonly processId: number | undefined;
  readonly lines: readonly LogLine[];
}

/** How an invocation ended, once that is known. */
export interface Outcome {
  readonly status: InvocationStatus;
  readonly response?: unknown;
  readonly error?: FunctionError;
}

/** One event on its way through the function. */
export class Invocation {
  readonly requestId = randomUUID();
  readonly lines: LogLine[] = [];
  readonly result: Promise<InvocationResult>;
  /** What was posted of the response so far. */
  body = '';
  streaming = false;
  processId: number | undefined;
  #resolve!: (result: InvocationResult) => void;
  #reject!: (reason: Error) => void;
  /** On the clock of `performance.now()`. */
  startedAtMs = performance.now();
  #durationMs = 0;
  #outcome: Outcome | undefined;

  constructor(readonly event: unknown) {
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  get durationMs(): number {
    return this.#durationMs;
  }

  elapsedMs(): number {
    return performance.now() - this.startedAtMs;
  }

  /** The first outcome counts, as on the platform. */
  end(outcome: Outcome): void {
    if (this.#outcome) return;
    this.#outcome = outcome;
    this.#durationMs = this.elapsedMs();
  }

  /** Answers the caller. */
  settle(): void {
    const { requestId, body, streaming, durationMs, processId, lines } = this;
    const { status, response, error } = this.#outcome as Outcome;
    this.#resolve({ requestId, status, response, body, error, streaming, durationMs, processId, lines });
  }

  refuse(reason: Error): void {
    this.#reject(reason);
  }
}
