// An SQS batch that does not finish in time: after the deadline the handler begins no other order, and returns those
// that are not shipped to the queue as a partial batch response. The event source mapping needs
// `ReportBatchItemFailures`, which `template.yaml` sets. SQS can deliver a message twice, so shipping must be
// idempotent in any case.
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { LambdaInterface } from '@aws-lambda-powertools/commons/types';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { currentDeadline, GracefulTimeout } from 'lambda-graceful-timeout';

interface Order {
  readonly orderId: string;
  readonly items: readonly string[];
}

const logger = new Logger({ serviceName: 'shipping' });

class Shipping implements LambdaInterface {
  @logger.injectLambdaContext()
  @GracefulTimeout({ marginMs: 1000, logger })
  public async handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
    // Powertools goes on to the next record when one fails, and returns all that failed. Each event needs its own
    // processor: a shared one would also return records of an earlier event that was cut short.
    const response = await processPartialResponse(event, ship, new BatchProcessor(EventType.SQS), {
      context,
      processInParallel: false,
      throwOnFullBatchFailure: false,
    });
    const { length } = response.batchItemFailures;
    if (length > 0) logger.warn(`Returned to the queue: ${length} of ${event.Records.length} orders`);
    return response;
  }
}

async function ship({ body }: SQSRecord): Promise<void> {
  const { orderId, items }: Order = JSON.parse(body);
  const deadline = currentDeadline();
  deadline.throwIfExpired(); // no order begins after the deadline
  for (const item of items) await pack(item, deadline.signal);
  await handToCarrier(orderId);
  logger.info(`Shipped: ${orderId}`);
}

/** Stands in for work that can be given up at the deadline. */
async function pack(_item: string, signal: AbortSignal): Promise<void> {
  await sleep(100, undefined, { signal });
}

/**
 * Stands in for a call that cannot be taken back. It gets no signal, and ends in the handler's grace, which is 900 ms
 * here. The client's own timeout must be shorter: if the handler is abandoned, SQS delivers the whole batch again.
 */
async function handToCarrier(_orderId: string): Promise<void> {
  await sleep(500);
}

const shipping = new Shipping();
export const handler = shipping.handler.bind(shipping);
