import type { InvocationResult } from './local-lambda/invocation.js';
import type { LocalLambda, LocalLambdaOptions } from './local-lambda/local-lambda.js';

/** The options of its function that a sample can set. */
export type FunctionOptions = Partial<
  Pick<LocalLambdaOptions, 'taskRoot' | 'handler' | 'env' | 'maxConcurrency' | 'workerCount'>
>;

/** What a sample gets for its show. */
export interface Stage<Event = unknown> {
  /** The sample's `event.json`. */
  readonly event: Event;
  /** The sample's handler as a function with a timeout of three seconds; it is closed after the show. */
  startLambda(options?: FunctionOptions): Promise<LocalLambda>;
  /** Adds a line to the log that is printed. */
  note(text: string): void;
}

/** How a show ended. */
export interface Verdict {
  readonly outcome: string;
  /** What was expected and not seen. */
  readonly missing: readonly string[];
  /** Why the sample could not be shown here. */
  readonly skipped?: string;
}

export interface Sample<Event = unknown> {
  /** Its folder. */
  readonly name: string;
  readonly shows: string;
  /** Whether its invocations overlap. The lines of the platform are not shown then. */
  readonly overlapping?: true;
  show(stage: Stage<Event>): Promise<Verdict>;
}

export const SAMPLE_TIMEOUT_MS = 3000;

/** Picks the expectations that do not hold. */
export const missing = (expectations: Readonly<Record<string, boolean>>): string[] =>
  Object.keys(expectations).filter((expectation) => !expectations[expectation]);

/** Whether the handler, not the platform, has printed this. */
export const printed = ({ lines }: InvocationResult, part: string): boolean =>
  lines.some(({ source, text }) => source === 'handler' && text.includes(part));

/** Whether the handler, not the platform, has printed all of these, one after the other. */
export const printedInOrder = ({ lines }: InvocationResult, parts: readonly string[]): boolean => {
  const places = parts.map((part) =>
    lines.findIndex(({ source, text }) => source === 'handler' && text.includes(part)),
  );
  return places.every((place, index) => place > (places[index - 1] ?? -1));
};

/** Whether the caller got the timeout as its error while the process was still alive. */
export const timedOutGracefully = ({ error, durationMs }: InvocationResult): boolean =>
  error?.errorType === 'LambdaTimeoutError' && durationMs < SAMPLE_TIMEOUT_MS;
