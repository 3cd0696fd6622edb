// An API that cannot answer in time says so itself, with a 504 and a JSON body. Otherwise Lambda would kill the
// function, and the gateway would answer with a server error that tells the client nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LambdaInterface } from '@aws-lambda-powertools/commons/types';
import { Logger } from '@aws-lambda-powertools/logger';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import {
  currentDeadline,
  GracefulTimeout,
  type LambdaTimeoutError,
  OnTimeout,
} from 'lambda-graceful-timeout';

const logger = new Logger({ serviceName: 'quotes' });

class Quotes implements LambdaInterface {
  @logger.injectLambdaContext()
  @GracefulTimeout({ marginMs: 1000, logger })
  public async handler(
    event: APIGatewayProxyEventV2,
    _context: Context,
  ): Promise<APIGatewayProxyStructuredResultV2> {
    const { car } = event.queryStringParameters ?? {};
    const quote = await askInsurers(car, currentDeadline().signal);
    return json(200, quote);
  }

  @OnTimeout({ respond: true })
  protected async giveUp(
    _error: LambdaTimeoutError,
    _event: APIGatewayProxyEventV2,
    context: Context,
  ): Promise<APIGatewayProxyStructuredResultV2> {
    return json(504, { message: 'The insurers did not answer in time', requestId: context.awsRequestId });
  }
}

const json = (statusCode: number, body: unknown): APIGatewayProxyStructuredResultV2 => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** Stands in for slow services. */
async function askInsurers(car: string | undefined, signal: AbortSignal): Promise<unknown> {
  logger.info(`Asking for quotes: ${car}`);
  await sleep(30_000, undefined, { signal });
  return { car, monthly: 42 };
}

const quotes = new Quotes();
export const handler = quotes.handler.bind(quotes);
