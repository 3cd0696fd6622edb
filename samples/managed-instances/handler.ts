// On Lambda Managed Instances several invocations run in one worker thread, and Lambda enforces no timeout. If one is
// stuck in a loop, it stops all the others in its thread for ever. With `preempt` it is interrupted at its deadline,
// and the others go on.
import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import type { LambdaInterface } from '@aws-lambda-powertools/commons/types';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { GracefulTimeout, type LambdaTimeoutError, OnTimeout } from 'lambda-graceful-timeout';

export interface Invoice {
  readonly invoice: string;
  /** `article;quantity;price`, line by line. */
  readonly text: string;
}

export interface Total {
  readonly invoice: string;
  readonly threadId: number;
  readonly total: number;
}

const logger = new Logger({ serviceName: 'invoices' });

class Invoices implements LambdaInterface {
  @logger.injectLambdaContext()
  @GracefulTimeout({ marginMs: 1000, preempt: true, logger })
  public async handler({ invoice, text }: Invoice, _context: Context): Promise<Total> {
    await fetchCustomer(invoice);
    return { invoice, threadId, total: addUp(text) };
  }

  @OnTimeout
  protected async setAside(_error: LambdaTimeoutError, { invoice }: Invoice): Promise<void> {
    await sleep(20);
    logger.warn(`Set aside: ${invoice}`, { threadId });
  }
}

/** Never returns if a line is empty: the loop stays at that line. */
function addUp(text: string): number {
  let total = 0;
  let position = 0;
  while (position < text.length) {
    const [line = ''] = text.slice(position).split('\n', 1);
    if (line === '') continue;
    const [, quantity, price] = line.split(';');
    total += Number(quantity) * Number(price);
    position += line.length + 1;
  }
  return total;
}

/** Stands in for a query. */
async function fetchCustomer(_invoice: string): Promise<void> {
  await sleep(1000);
}

const invoices = new Invoices();
export const handler = invoices.handler.bind(invoices);
