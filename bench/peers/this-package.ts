import type { Context } from 'aws-lambda';
import { GracefulTimeout } from 'lambda-graceful-timeout';
import { MARGIN_MS, type Order, ship } from './work.js';

class Orders {
  @GracefulTimeout(MARGIN_MS)
  async handler(event: Order, _context: Context): Promise<string> {
    return ship(event);
  }
}
const orders = new Orders();
export const handler = orders.handler.bind(orders);
