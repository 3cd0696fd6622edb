import { fileURLToPath } from 'node:url';
import { canLimitCpu } from '../../samples/local-lambda/cpu-group.js';
import type { LogLine } from '../../samples/local-lambda/invocation.js';
import { LocalLambda, type LocalLambdaOptions } from '../../samples/local-lambda/local-lambda.js';
import { findRuntimeClient } from '../../samples/local-lambda/runtime-client.js';

const TIMEOUT_MS = 1000;
const running: LocalLambda[] = [];

/** A function of `handlers.ts` on the local Lambda, with a timeout of 1 s. */
export function functionOf(handler: string, options: Partial<LocalLambdaOptions> = {}): LocalLambda {
  const taskRoot = fileURLToPath(new URL('.', import.meta.url));
  const name = handler.includes('.') ? handler : `handlers.${handler}`;
  const lambda = new LocalLambda({ taskRoot, handler: name, timeoutMs: TIMEOUT_MS, ...options });
  running.push(lambda);
  return lambda;
}

/** Starts a function on the client that a spec is about. */
export type FunctionOf = typeof functionOf;

/** Starts one function for all specs of a suite. They all use the same process. */
export function useFunction(start: () => LocalLambda): { readonly lambda: LocalLambda } {
  const started = {} as { lambda: LocalLambda };
  before(() => {
    started.lambda = start();
  });
  after(closeFunctions);
  return started;
}

/** Skips a suite about AWS's own client if that is not installed. `.ci/run` fails instead. */
export function needsRealClient(): void {
  before(function () {
    if (findRuntimeClient().name !== 'aws-lambda-ric') this.skip();
  });
}

/** Skips a suite about a share of the CPU if the CPU cannot be limited here. `.ci/run` fails instead. */
export function needsCpuGroup(): void {
  before(function () {
    if (!canLimitCpu()) this.skip();
  });
}

/** Ends all functions of a spec. */
export const closeFunctions = async (): Promise<void> => {
  await Promise.all(running.splice(0).map((lambda) => lambda.close()));
};

/** What the handler printed, without the time and request id that the runtime client adds. */
export const printed = ({ lines }: { lines: readonly { source: string; text: string }[] }): string[] =>
  lines.filter(({ source }) => source === 'handler').map(({ text }) => text.replace(/^\S+Z\t\S+\t/, ''));

/** Makes a spec of each case. The cases spend their time waiting, so all of them begin at once. */
export function together(cases: readonly (readonly [title: string, run: () => Promise<void>])[]): void {
  const runs = new Map<string, Promise<void>>();
  before(async () => {
    for (const [title, run] of cases) runs.set(title, run());
    await Promise.allSettled(runs.values());
  });
  after(closeFunctions);
  for (const [title] of cases) it(title, () => runs.get(title));
}

/** What was printed through the console, without classes, numbers and details, such as `ERROR handler timed out`. */
export const headlines = (result: { lines: readonly { source: string; text: string }[] }): string[] =>
  printed(result)
    .filter((line) => /^(INFO|WARN|ERROR)\t/.test(line))
    .map((line) =>
      line
        .replace('\t', ' ')
        .replace(/ (\[?\w*Error: |\t\{).*/s, '')
        .replace(/( in request \S+).*/s, '$1')
        .replace(/^(\w+) \w+\.(\w+)/, '$1 $2')
        .replace(/ \d+ ms( before the Lambda deadline.*)?/s, '')
        .replace(/ \([\w.-]+:\d+:\d+\)/, ''),
    );

/** What was printed while no event was being served. */
export const printedBetween = (log: readonly LogLine[]): string[] =>
  printed({ lines: log.filter(({ requestId }) => requestId === undefined) });
