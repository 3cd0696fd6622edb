// A response that is streamed has long begun when the time is up, so it cannot be made an error any more. Its last line
// says that it is not complete, and from where the client can go on.
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, LambdaFunctionURLEvent } from 'aws-lambda';
import {
  currentDeadline,
  GracefulTimeout,
  type LambdaTimeoutError,
  OnTimeout,
} from 'lambda-graceful-timeout';

export interface Order {
  readonly orderId: string;
}

/** The last line of the response. */
export interface Ending {
  readonly complete: boolean;
  readonly continueAfter?: string;
}

type Stream = awslambda.HttpResponseStream;

const logger = new Logger({ serviceName: 'order-export' });

class OrderExport {
  // One per event: the next invocation must not meet what this one has left.
  readonly #lastSent = new WeakMap<LambdaFunctionURLEvent, string>();

  @GracefulTimeout({ marginMs: 1000, logger })
  public async handler(event: LambdaFunctionURLEvent, stream: Stream, context: Context): Promise<void> {
    logger.addContext(context);
    const response = awslambda.HttpResponseStream.from(stream, {
      statusCode: 200,
      headers: { 'content-type': 'application/x-ndjson' },
    });
    const { after } = event.queryStringParameters ?? {};
    for await (const order of findOrders(after)) {
      response.write(line(order));
      this.#lastSent.set(event, order.orderId);
    }
    response.end(line({ complete: true }));
  }

  @OnTimeout({ respond: true })
  protected breakOff(_error: LambdaTimeoutError, event: LambdaFunctionURLEvent, stream: Stream): void {
    const continueAfter = this.#lastSent.get(event);
    stream.write(line({ complete: false, ...(continueAfter && { continueAfter }) }));
    logger.warn(`Broken off after ${continueAfter}`);
  }
}

const line = (value: Order | Ending): string => `${JSON.stringify(value)}\n`;

/** Stands in for the pages of a slow query, and like these stops when told to. */
async function* findOrders(after = 'A-1000'): AsyncGenerator<Order> {
  for (let number = Number(after.slice(2)) + 1; number <= 1010; number++) {
    await sleep(250, undefined, { signal: currentDeadline().signal });
    yield { orderId: `A-${number}` };
  }
}

const orderExport = new OrderExport();
export const handler = awslambda.streamifyResponse(orderExport.handler.bind(orderExport));
