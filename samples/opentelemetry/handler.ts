// A hook puts the timeout on the span of the invocation, by OpenTelemetry's conventions. Without it the span would say
// that all went well, because the caller gets an answer. `fetch` takes the signal, so the span of the call that hangs
// ends at the deadline, and is sent with the others.
import { SpanStatusCode, trace } from '@opentelemetry/api';
import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import {
  currentDeadline,
  GracefulTimeout,
  type LambdaTimeoutError,
  OnTimeout,
} from 'lambda-graceful-timeout';

interface Order {
  readonly orderId: string;
  readonly sku: string;
}

const { STOCK_URL = '', PAYMENTS_URL = '' } = process.env;

class Checkouts {
  @GracefulTimeout({ marginMs: 1000, reserveMs: 500 })
  public async handler(
    { orderId, sku }: Order,
    _context: Context,
  ): Promise<APIGatewayProxyStructuredResultV2> {
    const { signal } = currentDeadline();
    await fetch(`${STOCK_URL}/stock/${sku}`, { signal });
    await fetch(`${PAYMENTS_URL}/payments`, { method: 'POST', body: orderId, signal });
    return { statusCode: 200 };
  }

  @OnTimeout
  protected markSpan({ name, message, pending }: LambdaTimeoutError): void {
    const span = trace.getActiveSpan();
    span?.setStatus({ code: SpanStatusCode.ERROR, message });
    span?.setAttribute('error.type', name);
    span?.setAttribute(
      'lambda_timeout.pending',
      pending.map(({ operation, sinceMs }) => `${operation} since ${sinceMs} ms`),
    );
  }

  @OnTimeout({ respond: true })
  protected tooSlow(_error: LambdaTimeoutError, { orderId }: Order): APIGatewayProxyStructuredResultV2 {
    return { statusCode: 504, body: JSON.stringify({ orderId, message: 'Try again later' }) };
  }
}

const checkouts = new Checkouts();
export const handler = checkouts.handler.bind(checkouts);
