import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { LogLine } from './local-lambda/invocation.js';
import { LocalLambda } from './local-lambda/local-lambda.js';
import { SAMPLE_TIMEOUT_MS, type Sample, type Stage, type Verdict } from './sample.js';

/** Receives what a sample does. */
export interface Audience<Event> {
  onLine(line: LogLine): void;
  onNote(text: string): void;
  /** Called with the function before the sample gets it. */
  onLambda(lambda: LocalLambda, event: Event): Promise<void>;
}

/** Shows a sample and closes what it has started. */
export async function showSample<Event>(sample: Sample<Event>, audience: Audience<Event>): Promise<Verdict> {
  // The events are beside the sources of their handlers; this file runs in the build folder below them.
  const eventUrl = new URL(`../${sample.name}/event.json`, import.meta.url);
  const event: Event = JSON.parse(await readFile(eventUrl, 'utf8'));
  const lambdas: LocalLambda[] = [];
  const startLambda: Stage['startLambda'] = async (options = {}) => {
    const lambda = new LocalLambda({
      taskRoot: fileURLToPath(new URL('.', import.meta.url)),
      handler: `${sample.name}/handler.handler`,
      timeoutMs: SAMPLE_TIMEOUT_MS,
      ...options,
      onLine: (line) => audience.onLine(line),
    });
    lambdas.push(lambda);
    await audience.onLambda(lambda, event);
    return lambda;
  };
  try {
    return await sample.show({ event, startLambda, note: (text) => audience.onNote(text) });
  } finally {
    await Promise.all(lambdas.map((lambda) => lambda.close()));
  }
}
