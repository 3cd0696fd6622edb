import './lambda-environment.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { expect } from 'chai';
import { currentDeadline, Finally, GracefulTimeout, LambdaTimeoutError } from '../../lib/index.js';
import { expectRejection } from '../support/expect-rejection.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { inTime, marginMs, soonOver } from './lambda-context.js';
import { type Kind, Work } from './work.js';

const logger = new RecordingLogger();
const work = new Work();
const sharedProcessor = new BatchProcessor(EventType.SQS);

/** Processes a batch with a record for each kind of work, in sequence or all at once. */
class Batch {
  readonly processInParallel: boolean = true;

  process(
    event: SQSEvent,
    context: Context,
    handleRecord: (record: SQSRecord, context: Context) => Promise<string>,
    processor = new BatchProcessor(EventType.SQS),
  ): Promise<SQSBatchResponse> {
    const { processInParallel } = this;
    const options = { context, processInParallel, throwOnFullBatchFailure: false };
    return processPartialResponse(event, handleRecord, processor, options);
  }
}

class Handler extends Batch {
  @GracefulTimeout({ marginMs, logger })
  async handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
    return this.process(event, context, (record) => this.handleRecord(record));
  }

  protected handleRecord({ body }: SQSRecord): Promise<string> {
    return work.do(body as Kind);
  }
}

class Sequential extends Handler {
  override readonly processInParallel = false;
}

class Checking extends Sequential {
  protected override async handleRecord(record: SQSRecord): Promise<string> {
    currentDeadline().throwIfExpired();
    return super.handleRecord(record);
  }
}

class Sharing extends Batch {
  @GracefulTimeout({ marginMs, logger })
  async handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
    const handleRecord = ({ body }: SQSRecord) => work.do(body as Kind);
    return this.process(event, context, handleRecord, sharedProcessor);
  }
}

class EachRecord extends Batch {
  readonly closed: string[] = [];

  async handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
    return this.process(event, context, (record) => this.handleRecord(record, context));
  }

  @GracefulTimeout({ marginMs, logger })
  protected async handleRecord({ body }: SQSRecord, _context: Context): Promise<string> {
    return work.do(body as Kind);
  }

  @Finally
  protected close({ status }: PromiseSettledResult<string>, { messageId }: SQSRecord): void {
    this.closed.push(`${messageId} ${status}`);
  }
}

class EachInSequence extends EachRecord {
  override readonly processInParallel = false;

  /** The clock of a context counts whole ms, so a record that begins within one after the deadline may still be in time. */
  @Finally
  protected rest(): Promise<void> {
    return sleep(5);
  }
}

const batch = (...kinds: Kind[]): SQSEvent => ({
  Records: kinds.map((body, index) => ({ messageId: `${index}-${body}`, body }) as SQSRecord),
});

const failed = ({ batchItemFailures }: SQSBatchResponse): string[] =>
  batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);

describe('processPartialResponse', () => {
  beforeEach(() => {
    work.begun = 0;
  });
  afterEach(() => work.end());

  describe('in a handler with @GracefulTimeout', () => {
    it('returns the records that failed', async () => {
      expect(failed(await new Handler().handler(batch('succeed', 'fail'), inTime()))).to.deep.equal([
        '1-fail',
      ]);
    });

    it('does not return the failed records at a timeout: the caller gets a LambdaTimeoutError', async () => {
      const error = await expectRejection(new Handler().handler(batch('succeed', 'hang'), soonOver()));
      expect(error).to.be.instanceOf(LambdaTimeoutError);
    });

    it('goes on to the next record after a timeout', async () => {
      await expectRejection(new Sequential().handler(batch('hang', 'succeed'), soonOver()));
      expect(work.begun).to.equal(1);
      await work.end();
      expect(work.begun).to.equal(2);
    });

    it('begins no record after a timeout if each record checks its deadline first', async () => {
      await expectRejection(new Checking().handler(batch('hang', 'succeed'), soonOver()));
      await work.end();
      expect(work.begun).to.equal(1);
    });

    it('returns a record of the abandoned batch with the next batch if both share a processor', async () => {
      const orders = new Sharing();
      await expectRejection(orders.handler(batch('fail late'), soonOver()));
      const next = orders.handler(batch('hang'), inTime('request-2'));
      await work.end();
      expect(failed(await next)).to.deep.equal(['0-fail late']);
    });
  });

  describe('with @GracefulTimeout on the method that handles a record', () => {
    it('returns the records that were not done in time, and runs the hooks of each record', async () => {
      const orders = new EachRecord();
      const response = await orders.handler(batch('succeed', 'hang', 'fail', 'hang'), soonOver());
      expect(failed(response).sort()).to.deep.equal(['1-hang', '2-fail', '3-hang']);
      expect(orders.closed.sort()).to.deep.equal([
        '0-succeed fulfilled',
        '1-hang rejected',
        '2-fail rejected',
        '3-hang rejected',
      ]);
    });

    it('begins no record after the deadline', async () => {
      const orders = new EachInSequence();
      const response = await orders.handler(batch('succeed', 'hang', 'succeed', 'succeed'), soonOver());
      expect(failed(response)).to.deep.equal(['1-hang', '2-succeed', '3-succeed']);
      expect(work.begun).to.equal(2);
    });
  });
});
