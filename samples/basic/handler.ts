// Work that takes longer than its timeout: the handler is ended a second before Lambda would kill it, the timeout is
// logged, and the clean-up runs whatever happens.
import { setTimeout as sleep } from 'node:timers/promises';
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

type ReportsDue = EventBridgeEvent<'Reports Due', { reports: string[] }>;

const logger = new Logger({ serviceName: 'nightly-reports' });

class Reports implements LambdaInterface {
  @logger.injectLambdaContext()
  @GracefulTimeout({ marginMs: 1000, logger })
  public async handler(event: ReportsDue, _context: Context): Promise<string[]> {
    for (const report of event.detail.reports) {
      await render(report, currentDeadline().signal);
      logger.info(`Report ready: ${report}`);
    }
    return event.detail.reports;
  }

  @OnTimeout
  protected async tellOwners(error: LambdaTimeoutError, event: ReportsDue): Promise<void> {
    logger.warn('Reports are late: told their owners', { job: event.id, remainingMs: error.remainingMs });
  }

  @Finally
  protected async cleanUp(): Promise<void> {
    logger.info('Cleaned up');
  }
}

/** Stands in for the real work, and like it stops when told to. */
async function render(_report: string, signal: AbortSignal): Promise<void> {
  await sleep(700, undefined, { signal });
}

const reports = new Reports();
export const handler = reports.handler.bind(reports);
