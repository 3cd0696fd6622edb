/** Functions for the specs that search a log for timeouts. They import the built package, as a user's code does. */
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { currentDeadline, GracefulTimeout } from 'lambda-graceful-timeout';

/** A request that is never answered, and what the handler does with it. */
interface Request {
  readonly url: string;
  readonly work: 'hangs' | 'blocks' | 'fails' | 'ends in grace' | 'logs the error itself';
}

const marginMs = 600;
const logger = new Logger({ serviceName: 'orders' });

class Orders {
  @GracefulTimeout(marginMs)
  async handler(event: Request, _context: Context): Promise<string> {
    return send(event, console);
  }
}

class Payments {
  @GracefulTimeout({ marginMs, logger })
  async handler(event: Request, _context: Context): Promise<string> {
    return send(event, logger);
  }
}

async function send({ url, work }: Request, log: typeof console | Logger): Promise<string> {
  if (work === 'fails') throw new RangeError('not sent');
  if (work === 'blocks') {
    const endsAtMs = performance.now() + 700;
    while (performance.now() < endsAtMs);
    return new Promise(() => {});
  }
  try {
    const response = await fetch(url, { signal: currentDeadline().signal });
    return await response.text();
  } catch (error) {
    if (work === 'ends in grace') return 'given up';
    if (work === 'logs the error itself') log.error('Not sent', error as Error);
    throw error;
  }
}

const [orders, payments] = [new Orders(), new Payments()];
export const withConsole = orders.handler.bind(orders);
export const withPowertools = payments.handler.bind(payments);
