// Work that takes longer than its timeout, with a `catch` and a `finally` as in any other function. Both run at the
// deadline, a second before Lambda would kill the process, and have 300 ms of grace: the handler and its two hooks
// share that second, less a reserve. The hooks run after them, and even if the handler hangs.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LambdaInterface } from '@aws-lambda-powertools/commons/types';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, EventBridgeEvent } from 'aws-lambda';
import {
  currentDeadline,
  Finally,
  GracefulTimeout,
  LambdaTimeoutError,
  OnTimeout,
} from 'lambda-graceful-timeout';

type ReportsDue = EventBridgeEvent<'Reports Due', { reports: string[] }>;

const logger = new Logger({ serviceName: 'nightly-reports' });

class Reports implements LambdaInterface {
  @logger.injectLambdaContext()
  @GracefulTimeout({ marginMs: 1000, logger })
  public async handler(event: ReportsDue, _context: Context): Promise<string[]> {
    const { reports } = event.detail;
    const ready: string[] = [];
    try {
      for (const report of reports) {
        await currentDeadline().race(render(report));
        logger.info(`Report ready: ${report}`);
        ready.push(report);
      }
      return ready;
    } catch (error) {
      if (error instanceof LambdaTimeoutError) {
        logger.warn(`catch: gave up, ${ready.length} of ${reports.length} reports ready`);
      }
      // The invocation times out. With a `return` in its place, the returned value would be the response.
      throw error;
    } finally {
      logger.info('finally: closing the connection');
      await closeConnection();
      logger.info('finally: connection closed');
    }
  }

  /** Runs when the handler has timed out, even if it hangs and its `catch` never runs. */
  @OnTimeout
  protected async tellOwners(error: LambdaTimeoutError, event: ReportsDue): Promise<void> {
    await notify(event.id);
    logger.warn('@OnTimeout: told the owners', { job: event.id, remainingMs: error.remainingMs });
  }

  /** Runs last in every invocation, even if the handler hangs and its `finally` never runs. */
  @Finally
  protected async cleanUp({ status }: PromiseSettledResult<string[]>): Promise<void> {
    logger.info(`@Finally: cleaned up (${status})`);
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

/** Stands in for a message to a topic. */
async function notify(_job: string): Promise<void> {
  await sleep(40);
}

const reports = new Reports();
export const handler = reports.handler.bind(reports);
