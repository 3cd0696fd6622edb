// A regular expression that works for years, and then meets a line that keeps it busy for hours. No timer fires in it
// and no signal reaches it. With `preempt` it is interrupted at the deadline, and the hooks run.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LambdaInterface } from '@aws-lambda-powertools/commons/types';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, EventBridgeEvent } from 'aws-lambda';
import { Finally, GracefulTimeout, type LambdaTimeoutError, OnTimeout } from 'lambda-graceful-timeout';

type SignUpsImported = EventBridgeEvent<'Sign-Ups Imported', { addresses: string[] }>;

const logger = new Logger({ serviceName: 'newsletter' });

class SignUps implements LambdaInterface {
  @logger.injectLambdaContext()
  @GracefulTimeout({ marginMs: 1000, preempt: true, logger })
  public async handler(event: SignUpsImported, _context: Context): Promise<string[]> {
    const welcome: string[] = [];
    for (const address of event.detail.addresses) {
      logger.info(`Checking ${address}`);
      if (isAddress(address)) welcome.push(await enrol(address));
    }
    return welcome;
  }

  @OnTimeout
  protected async setAside(error: LambdaTimeoutError, event: SignUpsImported): Promise<void> {
    await tellOperator(event.id, error.blockedAt);
    logger.warn('Import set aside, and the operator told where it is stuck');
  }

  @Finally
  protected async cleanUp(): Promise<void> {
    logger.info('Cleaned up');
  }
}

/** For an address with a hyphen in its domain, each letter before the `@` doubles the time that it takes. */
const ADDRESS = /^([a-zA-Z0-9]+[._-]?)+@[a-z0-9]+\.[a-z]{2,3}$/;

function isAddress(text: string): boolean {
  return ADDRESS.test(text);
}

/** Stands in for a row in a table. */
async function enrol(address: string): Promise<string> {
  await sleep(20);
  return address;
}

/** Stands in for a message to a topic. */
async function tellOperator(_importId: string, _blockedAt: string | undefined): Promise<void> {
  await sleep(40);
}

const signUps = new SignUps();
export const handler = signUps.handler.bind(signUps);
