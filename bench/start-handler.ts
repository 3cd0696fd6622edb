import type { Context } from 'aws-lambda';
import { GracefulTimeout } from 'lambda-graceful-timeout';

// Run by start.ts on the local Lambda, once with `true` and once with `false`.
const { PREEMPT } = process.env;
const preempt = PREEMPT === 'true';

class Orders {
  @GracefulTimeout({ marginMs: 1000, preempt })
  async handler({ id }: { readonly id: string }, _context: Context): Promise<string> {
    return id;
  }
}

const orders = new Orders();
export const handler = orders.handler.bind(orders);
