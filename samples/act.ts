import { performance } from 'node:perf_hooks';
import type { LogLine } from './local-lambda/invocation.js';
import type { LocalLambda } from './local-lambda/local-lambda.js';
import type { RuntimeClientName } from './local-lambda/runtime-client.js';
import { bold, cyan, dim, green, type Paint, plain, red, yellow } from './paint.js';
import { readable } from './readable-line.js';
import type { Sample, Verdict } from './sample.js';
import { type Audience, showSample } from './stage.js';
import { Timeline } from './timeline.js';
import { describeRuntime } from './verdict.js';
import { outputWidth, wrap } from './wrap.js';

/** A sample's part in an act. */
export interface Part<Event = never> {
  readonly sample: Sample<Event>;
  /** The title of its column. */
  readonly title: string;
  /** An event that costs no time, for the cold start. */
  readonly warmUp: (event: Event) => unknown;
}

/** What an act prints beside the lines of its samples. */
export interface Script {
  readonly headline: string;
  readonly explanation: string;
  readonly marks: readonly { readonly atMs: number; readonly text: string }[];
}

const FLUSH_EVERY_MS = 50;
/** How late a line can arrive and still be printed in its place. */
const MAX_LATENESS_MS = 100;

/** Samples that are shown at the same time, each in a column of one timeline. */
export class Act {
  readonly #script: Script;
  readonly #parts: readonly Part[];
  readonly #timeline: Timeline;
  readonly #onTheirMarks: (() => void)[] = [];
  #startedAtMs: number | undefined;

  constructor(script: Script, parts: readonly Part[]) {
    this.#script = script;
    this.#parts = parts;
    const titles = parts.map(({ title }) => title);
    this.#timeline = new Timeline(titles, outputWidth(), (line) => console.log(line));
  }

  async play(): Promise<Verdict[]> {
    const flushing = setInterval(
      () => this.#timeline.flush(this.#elapsedMs() - MAX_LATENESS_MS),
      FLUSH_EVERY_MS,
    );
    try {
      return await Promise.all(
        this.#parts.map((part, column) => showSample(part.sample, this.#audience(part, column))),
      );
    } finally {
      clearInterval(flushing);
      this.#timeline.flush(Number.POSITIVE_INFINITY);
      console.log();
    }
  }

  #elapsedMs(): number {
    return performance.now() - (this.#startedAtMs ?? Number.NaN);
  }

  #audience<Event>({ warmUp }: Part<Event>, column: number): Audience<Event> {
    let invokedAtMs = 0;
    return {
      onLambda: (lambda, event) => this.#setOffTogether(lambda, warmUp(event)),
      onNote: (text) => this.#timeline.add({ atMs: this.#elapsedMs(), column, text, paint: dim }),
      onLine: (line) => {
        if (this.#startedAtMs === undefined || isAccounting(line)) return;
        // This process may have been kept waiting before it could tell the time of a line. The least of them is the best.
        const startedAtMs = this.#elapsedMs() - line.atMs;
        invokedAtMs = line.text.startsWith('START ') ? startedAtMs : Math.min(invokedAtMs, startedAtMs);
        this.#timeline.add({ atMs: invokedAtMs + line.atMs, column, ...describe(line) });
      },
    };
  }

  /** Does not show the cold start: when all functions are warm, they start together. */
  async #setOffTogether(lambda: LocalLambda, event: unknown): Promise<void> {
    await lambda.invoke(event);
    await new Promise<void>((resolve) => {
      this.#onTheirMarks.push(resolve);
      if (this.#onTheirMarks.length < this.#parts.length) return;
      this.#printHead(lambda.client);
      this.#startedAtMs = performance.now();
      for (const go of this.#onTheirMarks) go();
    });
  }

  #printHead(client: RuntimeClientName): void {
    const { headline, explanation, marks } = this.#script;
    printParagraph(headline, bold);
    printParagraph(explanation);
    printParagraph(describeRuntime(client), dim);
    console.log();
    this.#timeline.printTitles();
    for (const mark of marks) this.#timeline.add({ ...mark, paint: cyan });
  }
}

const isAccounting = ({ source, text }: LogLine): boolean =>
  source === 'platform' && /^(END|REPORT) /.test(text);

function describe({ source, text: line }: LogLine): { text: string; paint: Paint } {
  const { level, text } = readable(line);
  if (source === 'platform') return { text, paint: text.startsWith('START ') ? dim : alarm };
  const paint = level === 'ERROR' ? red : level === 'WARN' ? yellow : green;
  return { text: level ? `${level} ${text}` : text, paint };
}

const alarm: Paint = (text) => bold(red(text));

function printParagraph(text: string, paint: Paint = plain): void {
  for (const line of wrap(text, undefined, '')) console.log(paint(line));
}
