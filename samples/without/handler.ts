// The same work without this package: at the timeout Lambda kills the process in the middle of it. `catch` and `finally`
// do not run, and nobody knows how far the work came.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LambdaInterface } from '@aws-lambda-powertools/commons/types';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, EventBridgeEvent } from 'aws-lambda';

type ReportsDue = EventBridgeEvent<'Reports Due', { reports: string[] }>;

const logger = new Logger({ serviceName: 'nightly-reports' });

class Reports implements LambdaInterface {
  @logger.injectLambdaContext()
  public async handler(event: ReportsDue, _context: Context): Promise<string[]> {
    const { reports } = event.detail;
    const ready: string[] = [];
    try {
      for (const report of reports) {
        await render(report);
        logger.info(`Report ready: ${report}`);
        ready.push(report);
      }
      return ready;
    } catch (error) {
      logger.warn(`catch: gave up, ${ready.length} of ${reports.length} reports ready`);
      throw error;
    } finally {
      logger.info('finally: closing the connection');
      await closeConnection();
      logger.info('finally: connection closed');
    }
  }
}

/** Stands in for a query of a driver that takes no signal. */
async function render(_report: string): Promise<void> {
  await sleep(800);
}

/** Stands in for the driver's own clean-up. */
async function closeConnection(): Promise<void> {
  await sleep(100);
}

const reports = new Reports();
export const handler = reports.handler.bind(reports);
