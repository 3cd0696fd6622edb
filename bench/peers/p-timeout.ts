import type { Context } from 'aws-lambda';
import pTimeout from 'p-timeout';
import { MARGIN_MS, type Order, ship } from './work.js';

export const handler = (event: Order, context: Context): Promise<string> =>
  pTimeout(ship(event), { milliseconds: context.getRemainingTimeInMillis() - MARGIN_MS });
