// A pool at module level, as in most functions with a database. The first invocation opens its connection, and the second
// one uses it again: then a query hangs, because somebody else has locked the row. The error says which query it was,
// of which server, and which line has begun it.
import type { LambdaInterface } from '@aws-lambda-powertools/commons/types';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, EventBridgeEvent } from 'aws-lambda';
import { Finally, GracefulTimeout, type LambdaTimeoutError, OnTimeout } from 'lambda-graceful-timeout';
import { createPool } from 'mysql2/promise';

type InvoicePaid = EventBridgeEvent<'Invoice Paid', { invoice: number }>;

const logger = new Logger({ serviceName: 'invoices' });

const { DATABASE_HOST = 'localhost', DATABASE_PORT = '3306' } = process.env;

const pool = createPool({
  host: DATABASE_HOST,
  port: Number(DATABASE_PORT),
  user: 'invoices',
  connectionLimit: 2,
});

class Invoices implements LambdaInterface {
  @logger.injectLambdaContext()
  @GracefulTimeout({ marginMs: 1000, logger })
  public async handler(event: InvoicePaid, _context: Context): Promise<void> {
    const { invoice } = event.detail;
    await pool.query('SELECT id FROM invoices WHERE id = ?', [invoice]);
    await markPaid(invoice);
  }

  @OnTimeout
  protected report({ pending }: LambdaTimeoutError): void {
    for (const { operation, startedAt } of pending)
      logger.warn(`Hung: ${operation} ${startedAt?.split('\n')[0]}`);
  }

  @Finally
  protected cleanUp(): void {
    logger.info('Cleaned up');
  }
}

async function markPaid(invoice: number): Promise<void> {
  await pool.query('UPDATE invoices SET paid = 1 WHERE id = ?', [invoice]);
  logger.info('Marked as paid');
}

const invoices = new Invoices();
export const handler = invoices.handler.bind(invoices);
