// At the deadline a streamed response has long begun, so it cannot become an error any more. The handler ends it in its
// grace. The last line says that the response is not complete, and from where the client can go on.
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, LambdaFunctionURLEvent } from 'aws-lambda';
import { currentDeadline, GracefulTimeout } from 'lambda-graceful-timeout';

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
  @GracefulTimeout({ marginMs: 1000, logger })
  public async handler(event: LambdaFunctionURLEvent, stream: Stream, context: Context): Promise<void> {
    logger.addContext(context);
    const response = awslambda.HttpResponseStream.from(stream, {
      statusCode: 200,
      headers: { 'content-type': 'application/x-ndjson' },
    });
    let { after } = event.queryStringParameters ?? {};
    try {
      for await (const order of findOrders(after)) {
        response.write(line(order));
        after = order.orderId;
      }
      response.end(line({ complete: true }));
    } catch (error) {
      if (!currentDeadline().expired) throw error;
      response.end(line({ complete: false, ...(after && { continueAfter: after }) }));
      logger.warn(`Broken off after ${after}`);
    }
  }
}

const line = (value: Order | Ending): string => `${JSON.stringify(value)}\n`;

/** Stands in for the pages of a slow query, which its signal cancels. */
async function* findOrders(after = 'A-1000'): AsyncGenerator<Order> {
  for (let number = Number(after.slice(2)) + 1; number <= 1010; number++) {
    await sleep(250, undefined, { signal: currentDeadline().signal });
    yield { orderId: `A-${number}` };
  }
}

const orderExport = new OrderExport();
export const handler = awslambda.streamifyResponse(orderExport.handler.bind(orderExport));
