/** Functions for the specs that search a log for timeouts. They import the built package, as a user's code does. */
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { PartialItemFailureResponse } from '@aws-lambda-powertools/batch/types';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, SQSRecord } from 'aws-lambda';
import { currentDeadline, GracefulTimeout, OnTimeout } from 'lambda-graceful-timeout';

/** A request that is never answered, and what the handler does with it. */
interface Request {
  readonly url: string;
  readonly work:
    | 'hangs'
    | 'hangs in a hook'
    | 'blocks'
    | 'blocks for good'
    | 'fails'
    | 'ends in grace'
    | 'logs the error itself'
    | 'logs nothing but the error';
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

/** Has a deadline for its only record, as with Powertools' batches. */
class Records {
  async handler(event: Request, context: Context): Promise<PartialItemFailureResponse> {
    const processor = new BatchProcessor(EventType.SQS);
    const batch = { Records: [{ messageId: '1', eventSource: 'aws:sqs' }] as SQSRecord[] };
    return processPartialResponse(batch, () => this.ship(event, context), processor, { context });
  }

  @GracefulTimeout({ marginMs, logger })
  protected async ship(event: Request, _context: Context): Promise<string> {
    return send(event, logger);
  }

  @OnTimeout
  protected async hang(_error: unknown, { work }: Request): Promise<void> {
    if (work === 'hangs in a hook') await new Promise(() => {});
  }
}

async function send({ url, work }: Request, log: typeof console | Logger): Promise<string> {
  if (work === 'fails') throw new RangeError('not sent');
  if (work === 'blocks for good') for (;;);
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
    if (work === 'logs nothing but the error') console.error(error);
    throw error;
  }
}

const [orders, payments, records] = [new Orders(), new Payments(), new Records()];
export const withConsole = orders.handler.bind(orders);
export const withPowertools = payments.handler.bind(payments);
export const eachRecord = records.handler.bind(records);
