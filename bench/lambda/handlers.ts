/** What the local Lambda runs: handlers that time out, and hooks that each make a small call with the AWS SDK. */
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Context } from 'aws-lambda';
import { currentDeadline, Finally, GracefulTimeout, OnTimeout } from 'lambda-graceful-timeout';
import type { Ending } from './endings.js';

const { MARGIN_MS: margin, PREEMPT: preempt, ENDPOINT: endpoint = '' } = process.env;
const options = { marginMs: Number(margin), preempt: preempt === 'true' };
const dynamoDb = new DynamoDBClient({ endpoint });

const putItem = (id: string): Promise<unknown> =>
  dynamoDb.send(
    new PutItemCommand({ TableName: 'timeouts', Item: { id: { S: id }, reason: { S: 'timed out' } } }),
  );

const endings: Readonly<Record<Ending, () => Promise<void>>> = {
  async listens() {
    const { signal } = currentDeadline();
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  },
  async hangs() {
    await new Promise(() => setTimeout(() => {}, 60_000));
  },
  async blocks() {
    for (;;);
  },
};

class WithoutHooks {
  @GracefulTimeout(options)
  async handler({ ending }: { readonly ending: Ending }, _context: Context): Promise<void> {
    await endings[ending]();
  }
}
const without = new WithoutHooks();
export const hooks0 = without.handler.bind(without);

class WithOneHook extends WithoutHooks {
  @OnTimeout
  async report(): Promise<void> {
    await putItem('report');
  }
}
const withOne = new WithOneHook();
export const hooks1 = withOne.handler.bind(withOne);

class WithThreeHooks extends WithOneHook {
  @OnTimeout
  async reportAgain(): Promise<void> {
    await putItem('report again');
  }

  @Finally
  async close(): Promise<void> {
    await putItem('close');
  }
}
const withThree = new WithThreeHooks();
export const hooks3 = withThree.handler.bind(withThree);
