// The same work without this package: at the timeout Lambda kills the process in the middle of it. No `catch` runs
// and no `finally`, and nobody is told which report was in the making.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LambdaInterface } from '@aws-lambda-powertools/commons/types';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, EventBridgeEvent } from 'aws-lambda';

type ReportsDue = EventBridgeEvent<'Reports Due', { reports: string[] }>;

const logger = new Logger({ serviceName: 'nightly-reports' });

class Reports implements LambdaInterface {
  @logger.injectLambdaContext()
  public async handler(event: ReportsDue, _context: Context): Promise<string[]> {
    try {
      for (const report of event.detail.reports) {
        await render(report);
        logger.info(`Report ready: ${report}`);
      }
      return event.detail.reports;
    } catch (error) {
      logger.warn('Reports are late: told their owners', { job: event.id });
      throw error;
    } finally {
      logger.info('Cleaned up');
    }
  }
}

/** Stands in for the real work. */
async function render(_report: string): Promise<void> {
  await sleep(700);
}

const reports = new Reports();
export const handler = reports.handler.bind(reports);
