import type { Context } from 'aws-lambda';
import { type Order, ship } from './work.js';

export const handler = (event: Order, _context: Context): Promise<string> => ship(event);
