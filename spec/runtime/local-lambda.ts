import { fileURLToPath } from 'node:url';
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

/** Leaves a suite about AWS's own client pending where that is not installed, which `.ci/run` does not let happen. */
export function needsRealClient(): void {
  before(function () {
    if (findRuntimeClient().name !== 'aws-lambda-ric') this.skip();
  });
}

/** Ends all functions of a spec. */
export const closeFunctions = async (): Promise<void> => {
  await Promise.all(running.splice(0).map((lambda) => lambda.close()));
};

/** What the handler printed, without the time and request id that the runtime client adds. */
export const printed = ({ lines }: { lines: readonly { source: string; text: string }[] }): string[] =>
  lines.filter(({ source }) => source === 'handler').map(({ text }) => text.replace(/^\S+Z\t\S+\t/, ''));
