import type { Context } from 'aws-lambda';
import { TimeoutStrategy, timeout } from 'cockatiel';
import { MARGIN_MS, type Order, ship } from './work.js';

export const handler = (event: Order, context: Context): Promise<string> => {
  const policy = timeout(context.getRemainingTimeInMillis() - MARGIN_MS, TimeoutStrategy.Aggressive);
  return policy.execute(() => ship(event));
};
