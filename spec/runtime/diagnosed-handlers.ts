/** Functions that are late, logged with the default logger. They import the built package, as a user's code does. */
import type { Context } from 'aws-lambda';
import { GracefulTimeout } from 'lambda-graceful-timeout';
import { type SlowWork, work } from './slow-work.js';

const marginMs = 700;

class Orders {
  @GracefulTimeout(marginMs)
  async handler(event: SlowWork, _context: Context): Promise<void> {
    await work(event);
  }

  @GracefulTimeout({ marginMs, preempt: true })
  async preempted(event: SlowWork, _context: Context): Promise<void> {
    await work(event);
  }
}
const orders = new Orders();
export const handler = (event: SlowWork, context: Context): Promise<void> =>
  event.work === 'is stuck' ? orders.preempted(event, context) : orders.handler(event, context);
