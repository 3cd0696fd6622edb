import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';

/** How an invocation ended. */
export type InvocationStatus = 'succeeded' | 'failed' | 'timed out' | 'exited' | 'init failed';

/** The error that the caller of the function receives. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  /** The stack, line by line. Absent if the platform failed, not the function. */
  readonly trace?: readonly string[];
}

/** A line as CloudWatch Logs shows it. */
export interface LogLine {
  /** When it arrived, in ms since the START of its request. If it has none: since the START of the latest request. */
  readonly atMs: number;
  /** The request during which it was printed. Absent between requests. */
  readonly requestId: string | undefined;
  readonly source: 'platform' | 'handler';
  readonly text: string;
}

/** What the caller of the function received and what a reader of its log sees. */
export interface InvocationResult {
  readonly requestId: string;
  readonly status: InvocationStatus;
  /** The parsed response. For a streamed one: its HTTP prelude, if it had any. */
  readonly response: unknown;
  /** The response as it was sent, without the HTTP prelude. If it was cut off: the part that arrived. */
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
  /** The part of the response that was posted so far. */
  body = '';
  streaming = false;
  processId: number | undefined;
  #resolve!: (result: InvocationResult) => void;
  #reject!: (reason: Error) => void;
  /** On the clock of `performance.now()`. */
  startedAtMs = performance.now();
  #durationMs = 0;
  #outcome: Outcome | undefined;

  /** @param onPart - called with each part of a streamed body as it arrives */
  constructor(
    readonly event: unknown,
    readonly onPart: (part: string) => void = () => {},
  ) {
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
