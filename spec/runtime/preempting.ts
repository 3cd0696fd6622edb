import { expect } from 'chai';
import type { InvocationResult } from '../../samples/local-lambda/invocation.js';
import type { LocalLambda } from '../../samples/local-lambda/local-lambda.js';

/** The ways to block in `preempting-handlers.ts`. */
export const BLOCKS = ['spin', 'match', 'sleep'] as const;

/** The fields of the LambdaTimeoutError, as the runtime client has logged them. */
export const logged = ({ lines }: InvocationResult): Record<string, unknown> => {
  const line = lines.find(({ text }) => text.includes('\tInvoke Error'))?.text ?? '';
  return JSON.parse(line.slice(line.indexOf('{')));
};

export const expectTimedOut = (result: InvocationResult): void => {
  expect(result.error?.errorType, result.error?.errorMessage).to.equal('LambdaTimeoutError');
  expect(result.status).to.equal('failed');
};

/** Proves that the process still works: it serves events, and it can be preempted again. */
export const expectUnharmed = async (lambda: LocalLambda, { processId }: InvocationResult): Promise<void> => {
  expect(await lambda.invoke({ afterMs: 20 })).to.include({ response: 'done', processId });
  const stuck = await lambda.invoke({ work: 'spin', afterMs: 20 });
  expectTimedOut(stuck);
  expect(logged(stuck).preempted).to.equal(true);
  expect(await lambda.invoke({})).to.include({ response: 'done', processId });
  expect(lambda.log.filter(({ text }) => text.includes('crash'))).to.deep.equal([]);
};
