// A Hono app that answers 504 when it is out of time. A framework catches every error, the timeout included, and turns it
// into an answer of its own: a 500. `throwIfExpired()` after the framework gives the timeout back to this package.
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { Hono } from 'hono';
import { type APIGatewayProxyResult, handle, type LambdaEvent } from 'hono/aws-lambda';
import {
  currentDeadline,
  GracefulTimeout,
  type LambdaTimeoutError,
  OnTimeout,
} from 'lambda-graceful-timeout';

const logger = new Logger({ serviceName: 'quotes' });

const app = new Hono();
app.get('/health', (c) => c.json({ status: 'ok' }));
app.get('/quotes', async (c) => {
  const quote = await askInsurers(c.req.query('car'), currentDeadline().signal);
  return c.json(quote);
});
app.onError((error, c) => {
  logger.warn('Hono has caught an error', error);
  return c.json({ message: 'Internal Server Error' }, 500);
});
const respond = handle(app);

class Api {
  @GracefulTimeout({ marginMs: 1000, logger })
  public async handler(event: LambdaEvent, context: Context): Promise<APIGatewayProxyResult> {
    const deadline = currentDeadline();
    const answer = await respond(event, context);
    deadline.throwIfExpired(); // else Hono's 500 would be the response
    return answer;
  }

  @OnTimeout({ respond: true })
  protected tooSlow({ requestId }: LambdaTimeoutError): APIGatewayProxyResult {
    return {
      statusCode: 504,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ message: 'The insurers did not answer in time', requestId }),
      isBase64Encoded: false,
    };
  }
}

/** Stands in for slow services. */
async function askInsurers(car: string | undefined, signal: AbortSignal): Promise<{ monthly: number }> {
  logger.info(`Asking for quotes: ${car}`);
  await sleep(30_000, undefined, { signal });
  return { monthly: 42 };
}

const api = new Api();
export const handler = api.handler.bind(api);
