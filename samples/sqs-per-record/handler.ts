// Each order of an SQS batch has a deadline of its own: the method that ships a single order is decorated, and the handler is
// not. So hooks run for each order, the log has its message id, and the handler always returns what Powertools has
// counted. If no order of a batch could be shipped, Powertools throws a `FullBatchFailureError`: all of them go back too, and
// the invocation counts as failed. SQS can deliver a message twice, so shipping must be idempotent in any case.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BatchProcessor,
  EventType,
  processPartialResponse,
  SqsFifoPartialProcessorAsync,
} from '@aws-lambda-powertools/batch';
import type { LambdaInterface } from '@aws-lambda-powertools/commons/types';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import {
  currentDeadline,
  Finally,
  GracefulTimeout,
  type LambdaTimeoutError,
  OnTimeout,
} from 'lambda-graceful-timeout';

interface Order {
  readonly orderId: string;
  readonly items: readonly string[];
}

const logger = new Logger({ serviceName: 'shipping' });

class Shipping implements LambdaInterface {
  /** For a standard queue: if an order fails, the next one is still tried. */
  @logger.injectLambdaContext({ resetKeys: true })
  public async handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
    // One after the other. If all ran at once, they would share the time and the keys of the logger.
    const options = { context, processInParallel: false };
    return processPartialResponse(event, this.#shipRecord, new BatchProcessor(EventType.SQS), options);
  }

  /** For a FIFO queue: after an order that fails all others go back, so that they stay in order. */
  @logger.injectLambdaContext({ resetKeys: true })
  public async fifoHandler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
    return processPartialResponse(event, this.#shipRecord, new SqsFifoPartialProcessorAsync(), { context });
  }

  // Here and not in `ship()`, which is not called for an order whose time is over before it begins.
  readonly #shipRecord = (record: SQSRecord, context?: Context): Promise<void> => {
    logger.appendKeys({ messageId: record.messageId });
    return this.ship(record, context as Context);
  };

  @GracefulTimeout({ marginMs: 1000, logger })
  protected async ship({ body }: SQSRecord, _context: Context): Promise<void> {
    const { orderId, items }: Order = JSON.parse(body);
    const { signal } = currentDeadline();
    for (const item of items) await pack(item, signal);
    await handToCarrier(orderId);
    logger.info(`Shipped: ${orderId}`);
  }

  @OnTimeout
  protected report(_error: LambdaTimeoutError, { body }: SQSRecord): void {
    const { orderId }: Order = JSON.parse(body);
    logger.warn(`Goes back to the queue: ${orderId}`);
  }

  @Finally
  protected clear(outcome: PromiseSettledResult<void>, { body }: SQSRecord): void {
    const { orderId }: Order = JSON.parse(body);
    logger.info(`Cleared the table of ${orderId}: ${outcome.status}`);
  }
}

/** Stands in for work that can be given up at the deadline. */
async function pack(_item: string, signal: AbortSignal): Promise<void> {
  await sleep(100, undefined, { signal });
}

/** Stands in for a call that cannot be taken back. It gets no signal, and ends in the grace of its order, 300 ms. */
async function handToCarrier(_orderId: string): Promise<void> {
  await sleep(200);
}

const shipping = new Shipping();
export const handler = shipping.handler.bind(shipping);
export const fifoHandler = shipping.fifoHandler.bind(shipping);
