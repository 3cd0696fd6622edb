import './lambda-environment.js';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { IdempotencyConfig, idempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Context } from 'aws-lambda';
import { expect } from 'chai';
import { GracefulTimeout, LambdaTimeoutError, OnTimeout } from '../../lib/index.js';
import { DynamoDb } from '../../samples/powertools/dynamo-db.js';
import { expectRejection } from '../support/expect-rejection.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { inTime, leaving, marginMs } from './lambda-context.js';
import { type Kind, Work } from './work.js';

type Order = { readonly id: string; readonly kind: Kind };

const tableName = 'Idempotency';
const db = new DynamoDb();
const persistenceStore = new DynamoDBPersistenceLayer({ tableName, awsSdkV3Client: db.client });
const config = new IdempotencyConfig({ eventKeyJmesPath: 'id' });
const logger = new RecordingLogger();
const work = new Work();

class Above {
  @idempotent({ persistenceStore, config })
  @GracefulTimeout({ marginMs, logger })
  async handler({ kind }: Order, _context: Context): Promise<string> {
    return work.do(kind);
  }
}

class Below {
  @GracefulTimeout({ marginMs, logger })
  @idempotent({ persistenceStore, config })
  async handler({ kind }: Order, _context: Context): Promise<string> {
    return work.do(kind);
  }
}

class RespondingAbove extends Above {
  @OnTimeout({ respond: true })
  protected respond(): string {
    return 'try again';
  }
}

class RespondingBelow extends Below {
  @OnTimeout({ respond: true })
  protected respond(): string {
    return 'try again';
  }
}

const POLL_MS = 5;

/** Long enough for requests to the database before the work begins. */
const soonOver = (): Context => leaving(300);

const statusOf = (order: Order): Promise<string> =>
  persistenceStore.getRecord(order).then(
    (record) => record.getStatus(),
    (error: Error) => error.name,
  );

/** Polls for a status of the record, because nothing reports the end of an abandoned handler. */
async function becomes(order: Order, status: string): Promise<void> {
  while ((await statusOf(order)) !== status) await sleep(POLL_MS);
}

/** Waits until the work has begun this many times. The requests to the database come first. */
async function begins(times: number): Promise<void> {
  while (work.begun < times) await sleep(POLL_MS);
}

const NO_RECORD = 'IdempotencyItemNotFoundError';

describe('@idempotent', () => {
  let count = 0;
  const order = (kind: Kind): Order => ({ id: `${count++}`, kind });

  before(async () => {
    await db.start(tableName);
    // The first request is slow: it reads configuration and credentials.
    await new Below().handler(order('succeed'), inTime());
  });
  beforeEach(() => {
    work.begun = 0;
  });
  afterEach(() => work.end());
  after(() => db.stop());

  for (const [where, orders] of [
    ['above', new Above()],
    ['below', new Below()],
  ] as const) {
    describe(`${where} @GracefulTimeout`, () => {
      it('keeps the result of a handler that succeeds', async () => {
        const event = order('succeed');
        expect(await orders.handler(event, inTime())).to.equal('done');
        expect(await orders.handler(event, inTime())).to.equal('done');
        expect(work.begun).to.equal(1);
      });

      it('releases the record of a handler that fails', async () => {
        const event = order('fail');
        expect(await expectRejection(orders.handler(event, inTime()))).to.be.instanceOf(RangeError);
        expect(await statusOf(event)).to.equal(NO_RECORD);
      });
    });
  }

  describe('above @GracefulTimeout, when the handler times out', () => {
    it('releases the record, so a retry does the work while the first invocation still does it', async () => {
      const orders = new Above();
      const event = order('hang');
      expect(await expectRejection(orders.handler(event, soonOver()))).to.be.instanceOf(LambdaTimeoutError);
      expect(await statusOf(event)).to.equal(NO_RECORD);
      const retry = orders.handler(event, inTime('request-2'));
      await begins(2);
      expect(work.hanging).to.equal(2);
      await work.end();
      await retry;
    });

    it('keeps the response of the hook as the result for every retry', async () => {
      const orders = new RespondingAbove();
      const event = order('hang');
      expect(await orders.handler(event, soonOver())).to.equal('try again');
      await work.end();
      expect(await statusOf(event)).to.equal('COMPLETED');
      expect(await orders.handler(event, inTime('request-2'))).to.equal('try again');
    });
  });

  describe('below @GracefulTimeout, when the handler times out', () => {
    it('keeps the record, so a retry does no work while the first invocation can still do it', async () => {
      const orders = new Below();
      const event = order('hang');
      expect(await expectRejection(orders.handler(event, soonOver()))).to.be.instanceOf(LambdaTimeoutError);
      expect(await statusOf(event)).to.equal('INPROGRESS');
      const refusal = await expectRejection(orders.handler(event, inTime('request-2')));
      expect(refusal).to.have.property('name', 'IdempotencyAlreadyInProgressError');
      await begins(1);
      expect(work.begun).to.equal(1);
    });

    it('keeps the result of the first invocation if it succeeds later', async () => {
      const orders = new Below();
      const event = order('hang');
      await expectRejection(orders.handler(event, soonOver()));
      await begins(1);
      await work.end();
      await becomes(event, 'COMPLETED');
      expect(await orders.handler(event, inTime('request-2'))).to.equal('done');
      expect(work.begun).to.equal(1);
    });

    it('releases the record of a handler that ends on its signal', async () => {
      const orders = new Below();
      const event = order('heed');
      expect(await expectRejection(orders.handler(event, soonOver()))).to.be.instanceOf(LambdaTimeoutError);
      await becomes(event, NO_RECORD);
    });

    it('lets a retry do the work after the hard deadline of the first invocation', async () => {
      const orders = new Below();
      const event = order('hang');
      const context = soonOver();
      await expectRejection(orders.handler(event, context));
      await sleep(context.getRemainingTimeInMillis() + 1);
      expect(await orders.handler({ ...event, kind: 'succeed' }, inTime('request-2'))).to.equal('done');
    });

    it('does not keep the response of the hook', async () => {
      const orders = new RespondingBelow();
      const event = order('hang');
      expect(await orders.handler(event, soonOver())).to.equal('try again');
      expect(await statusOf(event)).to.equal('INPROGRESS');
    });
  });

  describe('when DynamoDB does not answer', () => {
    let silent: Server;
    let silentStore: DynamoDBPersistenceLayer;

    before(async () => {
      silent = createServer(() => {}).listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
      const awsSdkV3Client = new DynamoDBClient({ endpoint, maxAttempts: 1 });
      silentStore = new DynamoDBPersistenceLayer({ tableName, awsSdkV3Client });
    });
    after(() => {
      silent.closeAllConnections();
      silent.close();
    });

    it('the handler times out with @idempotent below, but not with it above', async () => {
      class Both {
        @GracefulTimeout({ marginMs, logger })
        @idempotent({ persistenceStore: silentStore, config })
        async below({ kind }: Order, _context: Context): Promise<string> {
          return work.do(kind);
        }

        @idempotent({ persistenceStore: silentStore, config })
        @GracefulTimeout({ marginMs, logger })
        async above({ kind }: Order, _context: Context): Promise<string> {
          return work.do(kind);
        }
      }
      const both = new Both();
      const context = soonOver();
      const above = Promise.allSettled([both.above(order('succeed'), context)]);
      const below = await expectRejection(both.below(order('succeed'), context));
      expect(below).to.be.instanceOf(LambdaTimeoutError);
      const killed = sleep(context.getRemainingTimeInMillis(), 'killed');
      expect(await Promise.race([above, killed])).to.equal('killed');
      silent.closeAllConnections();
      await above;
    });
  });
});
