// The deadline cancels the requests that are still open: `fetch` and the AWS SDK both take its signal. The other side
// sees the connection close before Lambda would kill the process.
import type { LambdaInterface } from '@aws-lambda-powertools/commons/types';
import { Logger } from '@aws-lambda-powertools/logger';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Context } from 'aws-lambda';
import { currentDeadline, Finally, GracefulTimeout } from 'lambda-graceful-timeout';

interface Checkout {
  readonly orderId: string;
  readonly sku: string;
}

const logger = new Logger({ serviceName: 'checkout' });
const { STOCK_URL = '', QUEUE_URL = '' } = process.env;
const sqs = new SQSClient();

class Checkouts implements LambdaInterface {
  @logger.injectLambdaContext()
  @GracefulTimeout({ marginMs: 1000, logger })
  public async handler({ orderId, sku }: Checkout, _context: Context): Promise<{ inStock: boolean }> {
    const { signal } = currentDeadline();
    const command = new SendMessageCommand({ QueueUrl: QUEUE_URL, MessageBody: JSON.stringify({ orderId }) });
    const [stock] = await Promise.all([
      fetch(`${STOCK_URL}/stock/${sku}`, { signal }),
      sqs.send(command, { abortSignal: signal }),
    ]);
    return { inStock: stock.ok };
  }

  @Finally
  protected async report(outcome: PromiseSettledResult<{ inStock: boolean }>): Promise<void> {
    logger.info(`Checkout ${outcome.status}`);
  }
}

const checkouts = new Checkouts();
export const handler = checkouts.handler.bind(checkouts);
