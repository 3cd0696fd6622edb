// All of Powertools on one handler. The decorators above @GracefulTimeout see its error and send what they have
// collected. @idempotent is below it and keeps its record at a timeout, because the charge can still go through.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LambdaInterface } from '@aws-lambda-powertools/commons/types';
import { IdempotencyConfig, idempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { parser } from '@aws-lambda-powertools/parser';
import { Tracer } from '@aws-lambda-powertools/tracer';
import type { Context } from 'aws-lambda';
import { Finally, GracefulTimeout, type LambdaTimeoutError, OnTimeout } from 'lambda-graceful-timeout';
import { z } from 'zod';

const serviceName = 'checkout';
const logger = new Logger({ serviceName });
const tracer = new Tracer({ serviceName });
const metrics = new Metrics({ serviceName, namespace: 'Shop' });

const { TABLE_NAME = '' } = process.env;
const persistenceStore = new DynamoDBPersistenceLayer({ tableName: TABLE_NAME });
const config = new IdempotencyConfig({ eventKeyJmesPath: 'orderId' });

const schema = z.object({ orderId: z.string(), amount: z.number().positive() });
type Checkout = z.infer<typeof schema>;

interface Receipt {
  readonly orderId: string;
  readonly charged: number;
}

class Checkouts implements LambdaInterface {
  @tracer.captureLambdaHandler()
  @logger.injectLambdaContext({ resetKeys: true })
  @metrics.logMetrics()
  @parser({ schema })
  @GracefulTimeout({ marginMs: 1000, logger })
  @idempotent({ persistenceStore, config })
  public async handler({ orderId, amount }: Checkout, _context: Context): Promise<Receipt> {
    await charge(orderId, amount);
    return { orderId, charged: amount };
  }

  @OnTimeout
  protected async report(_error: LambdaTimeoutError, { orderId }: Checkout): Promise<void> {
    tracer.putAnnotation('timedOut', true);
    metrics.addMetric('TimedOut', MetricUnit.Count, 1);
    logger.warn(`Told the customer to wait for ${orderId}`);
  }

  @Finally
  protected async count({ status }: PromiseSettledResult<Receipt>): Promise<void> {
    metrics.addMetric(status === 'fulfilled' ? 'Served' : 'NotServed', MetricUnit.Count, 1);
  }
}

/** Stands in for a slow payment provider. It takes no signal, and a charge that it has begun cannot be taken back. */
async function charge(orderId: string, amount: number): Promise<void> {
  await sleep(2500);
  logger.info(`Charged ${amount.toFixed(2)} for ${orderId}`);
}

const checkouts = new Checkouts();
export const handler = checkouts.handler.bind(checkouts);
