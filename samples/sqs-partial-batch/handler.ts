// An SQS batch that does not finish in time: what is done stays done, and the rest goes back to the queue as a partial
// batch response. Needs `ReportBatchItemFailures` in the event source mapping: `template.yaml` deploys it so.
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { LambdaInterface } from '@aws-lambda-powertools/commons/types';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import {
  currentDeadline,
  GracefulTimeout,
  type LambdaTimeoutError,
  OnTimeout,
} from 'lambda-graceful-timeout';

interface Order {
  readonly orderId: string;
  readonly items: readonly string[];
}

interface Batch {
  readonly done: Set<string>;
  readonly response: Promise<SQSBatchResponse>;
}

const logger = new Logger({ serviceName: 'shipping' });

class Shipping implements LambdaInterface {
  // One per event: the next invocation must not meet what this one has left.
  readonly #batches = new WeakMap<SQSEvent, Batch>();

  @logger.injectLambdaContext()
  @GracefulTimeout({ marginMs: 1000, logger })
  public async handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
    const done = new Set<string>();
    const work = async (record: SQSRecord): Promise<void> => {
      // Powertools goes on to the next record when one fails, at the timeout too: none of those may begin.
      currentDeadline().throwIfExpired();
      await ship(JSON.parse(record.body));
      done.add(record.messageId);
    };
    const response = processPartialResponse(event, work, new BatchProcessor(EventType.SQS), {
      context,
      processInParallel: false,
      throwOnFullBatchFailure: false,
    });
    this.#batches.set(event, { done, response });
    return response;
  }

  @OnTimeout({ respond: true })
  protected async returnTheRest(_error: LambdaTimeoutError, event: SQSEvent): Promise<SQSBatchResponse> {
    const batch = this.#batches.get(event);
    // The record in hand has been told to stop, but may be past the point of no return: whether it is done shows when
    // it comes to rest. It gets half of this hook's time, as a hook that overruns its own is not heard any more.
    const patience = sleep(currentDeadline().remainingMs() / 2, undefined, { ref: false });
    await Promise.race([batch?.response, patience]);
    const rest = event.Records.filter(({ messageId }) => !batch?.done.has(messageId));
    logger.warn(`Returned to the queue: ${rest.length} of ${event.Records.length} orders`);
    return { batchItemFailures: rest.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  }
}

async function ship({ orderId, items }: Order): Promise<void> {
  for (const item of items) await pack(item, currentDeadline().signal);
  await handToCarrier(orderId);
  logger.info(`Shipped: ${orderId}`);
}

/** Stands in for work that can be given up. */
async function pack(_item: string, signal: AbortSignal): Promise<void> {
  await sleep(200, undefined, { signal });
}

/** Stands in for a call that cannot be taken back, and so is not given up half-way. */
async function handToCarrier(_orderId: string): Promise<void> {
  await sleep(100);
}

const shipping = new Shipping();
export const handler = shipping.handler.bind(shipping);
