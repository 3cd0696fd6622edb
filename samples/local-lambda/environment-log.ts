import { performance } from 'node:perf_hooks';
import type { Invocation, LogLine } from './invocation.js';

/** The log stream of one environment: assigns each line to its invocation. */
export class EnvironmentLog {
  readonly #onLine: (line: LogLine) => void;
  readonly #invocations = new Map<string, Invocation>();
  readonly #initLines: { readonly text: string; readonly timeMs: number }[] = [];
  #latest: Invocation | undefined;

  constructor(onLine: (line: LogLine) => void) {
    this.#onLine = onLine;
  }

  /** Whether only one invocation has begun so far, the one with the cold start. */
  get isFirstInvocation(): boolean {
    return this.#invocations.size === 1;
  }

  /** Opens the log of an invocation. The first log begins with the lines that were printed before the invocation. */
  begin(invocation: Invocation): void {
    this.#latest = invocation;
    this.#invocations.set(invocation.requestId, invocation);
    for (const { text, timeMs } of this.#initLines.splice(0))
      this.#write('handler', text, invocation, timeMs);
  }

  /** Writes a line of the platform, `timeMs` on the clock of `performance.now()`. */
  writePlatformLine(text: string, invocation: Invocation, timeMs = performance.now()): void {
    this.#write('platform', text, invocation, timeMs);
  }

  /** Writes a line that the process has printed: during `current`, or between invocations if there is none. */
  writeHandlerLine(text: string, current: Invocation | undefined): void {
    if (this.#latest) this.#write('handler', text, current, performance.now());
    else this.#initLines.push({ text, timeMs: performance.now() });
  }

  /** Finds the invocation by the request id in a line of JSON, because concurrent invocations share a stream. */
  findInvocation(text: string): Invocation | undefined {
    try {
      const ids: unknown[] = Object.values(JSON.parse(text));
      return this.#invocations.get(String(ids.find((id) => this.#invocations.has(String(id)))));
    } catch {
      return undefined;
    }
  }

  #write(source: LogLine['source'], text: string, invocation: Invocation | undefined, timeMs: number): void {
    const { startedAtMs } = invocation ?? this.#latest ?? { startedAtMs: timeMs };
    const line = { atMs: timeMs - startedAtMs, requestId: invocation?.requestId, source, text };
    invocation?.lines.push(line);
    this.#onLine(line);
  }
}
