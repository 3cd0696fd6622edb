import middy from '@middy/core';
import { MARGIN_MS, ship } from './work.js';

export const handler = middy(ship, { timeoutEarlyInMillis: MARGIN_MS });
