/** Handlers that time out and log with Powertools. They import the built package, as a user's code does. */
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { GracefulTimeout } from 'lambda-graceful-timeout';
import { type SlowWork, work } from '../runtime/slow-work.js';

type Order = SlowWork & { readonly id: string };

const marginMs = 700;
const logger = new Logger({
  serviceName: 'orders',
  correlationIdSearchFn: (key, order) => (order as Record<string, unknown>)[key],
});
const correlating = { correlationIdPath: 'id' };

class Orders {
  @logger.injectLambdaContext(correlating)
  @GracefulTimeout({ marginMs, logger })
  async handler(event: Order, _context: Context): Promise<void> {
    await work(event);
  }

  @logger.injectLambdaContext(correlating)
  @GracefulTimeout({ marginMs, preempt: true, logger })
  async preempted(event: Order, _context: Context): Promise<void> {
    await work(event);
  }
}
const orders = new Orders();
export const handler = (event: Order, context: Context): Promise<void> =>
  event.work === 'is stuck' ? orders.preempted(event, context) : orders.handler(event, context);
