import { once } from 'node:events';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';

// dynalite has no types.
const dynalite: (options: { readonly createTableMs: number }) => Server = createRequire(import.meta.url)(
  'dynalite',
);

/** A DynamoDB on this machine, and a client of it. */
export class DynamoDb {
  readonly #server = dynalite({ createTableMs: 0 });
  readonly client = new DynamoDBClient({
    endpoint: async () => ({ url: new URL(this.#url) }),
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });

  get #url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Starts with a table as Powertools expects it for idempotency, and returns the endpoint. */
  async start(TableName: string): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { client } = this;
    await client.send(
      new CreateTableCommand({
        TableName,
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
    await waitUntilTableExists({ client, minDelay: 1, maxWaitTime: 10 }, { TableName });
    return this.#url;
  }

  async stop(): Promise<void> {
    this.client.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}
