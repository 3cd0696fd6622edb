import type { Context } from 'aws-lambda';
import { FakeContext } from '../support/context.js';

/** Long enough for hooks and decorators on a busy machine. An invocation that ends in time uses none of it. */
export const marginMs = 600;
/** Long enough for a handler to begin its work on a busy machine. */
const HANDLER_MS = 100;

/** Everything that Powertools reads from Lambda's context, with a real clock. */
class LambdaContext extends FakeContext implements Context {
  readonly callbackWaitsForEmptyEventLoop = false;
  readonly functionName = 'orders';
  readonly functionVersion = '$LATEST';
  readonly invokedFunctionArn = 'arn:aws:lambda:us-east-1:123456789012:function:orders';
  readonly logGroupName = '/aws/lambda/orders';
  readonly logStreamName = 'orders';
  readonly memoryLimitInMB = '128';
  done(): void {}
  fail(): void {}
  succeed(): void {}
}

/** The context of an invocation that leaves its handler this many ms. */
export const leaving = (handlerMs: number, requestId = 'request-1'): Context =>
  new LambdaContext(marginMs + handlerMs, requestId);

/** The context of an invocation that soon reaches its deadline. */
export const soonOver = (): Context => leaving(HANDLER_MS);

/** The context of an invocation that has enough time. */
export const inTime = (requestId = 'request-1'): Context => new LambdaContext(60_000, requestId);
