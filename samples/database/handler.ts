// A pool at module level, as in most functions with a database. The first invocation opens its connection, and the second
// one uses it again: then a query hangs, because somebody else has locked the row. The error says which query it was,
// of which server, and which line has begun it. The handler closes the connection on which the query is still under way,
// because otherwise the third invocation would wait for that one, and time out as well.
import type { LambdaInterface } from '@aws-lambda-powertools/commons/types';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, EventBridgeEvent } from 'aws-lambda';
import {
  currentDeadline,
  Finally,
  GracefulTimeout,
  type LambdaTimeoutError,
  OnTimeout,
} from 'lambda-graceful-timeout';
import { createPool, type PoolConnection } from 'mysql2/promise';

type InvoicePaid = EventBridgeEvent<'Invoice Paid', { invoice: number }>;

const logger = new Logger({ serviceName: 'invoices' });

const { DATABASE_HOST = 'localhost', DATABASE_PORT = '3306' } = process.env;

const pool = createPool({
  host: DATABASE_HOST,
  port: Number(DATABASE_PORT),
  user: 'invoices',
  connectionLimit: 1, // an environment serves one event at a time
  connectTimeout: 1000, // ends before the deadline
});

class Invoices implements LambdaInterface {
  @logger.injectLambdaContext()
  @GracefulTimeout({ marginMs: 1000, logger })
  public async handler(event: InvoicePaid, _context: Context): Promise<void> {
    const { invoice } = event.detail;
    const deadline = currentDeadline();
    const connection = await pool.getConnection();
    try {
      await deadline.race(find(connection, invoice), 'find the invoice');
      await deadline.race(markPaid(connection, invoice), 'mark as paid');
      logger.info('Marked as paid');
    } finally {
      // After the deadline a query may still be under way on it.
      if (deadline.expired) connection.destroy();
      else connection.release();
    }
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

const find = (connection: PoolConnection, invoice: number) =>
  connection.query('SELECT id FROM invoices WHERE id = ?', [invoice]);

const markPaid = (connection: PoolConnection, invoice: number) =>
  connection.query('UPDATE invoices SET paid = 1 WHERE id = ?', [invoice]);

const invoices = new Invoices();
export const handler = invoices.handler.bind(invoices);
