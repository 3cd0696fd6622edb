import type { LambdaFunctionURLEvent } from 'aws-lambda';
import type { InvocationResult } from '../local-lambda/invocation.js';
import { missing, SAMPLE_TIMEOUT_MS, type Sample } from '../sample.js';
import type { Ending, Order } from './handler.js';

const ORDERS = 10;

export const streaming: Sample<LambdaFunctionURLEvent> = {
  name: 'streaming',
  shows: 'a streamed response that ends with a line from which the client can go on',
  async show({ event, startLambda, note }) {
    const lambda = await startLambda();
    const first = await lambda.invoke(event);
    const { orderIds, ending } = read(first);
    note(`The client has ${orderIds.length} orders, and asks for those after ${ending?.continueAfter}`);
    const second = await lambda.invoke({ ...event, queryStringParameters: { after: ending?.continueAfter } });
    const all = [...orderIds, ...read(second).orderIds];
    return {
      outcome: `${orderIds.length} orders were streamed before the timeout, and the other ${ORDERS - orderIds.length} after it`,
      missing: missing({
        'a stream that is ended before the deadline, without an error':
          first.status === 'succeeded' && first.streaming && first.durationMs < SAMPLE_TIMEOUT_MS,
        'the status code 200': (first.response as { statusCode?: number } | undefined)?.statusCode === 200,
        'a last line that says that it is not complete': ending?.complete === false,
        'a second stream that is complete': read(second).ending?.complete === true,
        'every order exactly once': all.length === ORDERS && new Set(all).size === ORDERS,
      }),
    };
  },
};

/** Reads the lines of the response, as a client does. */
function read({ body }: InvocationResult): { orderIds: string[]; ending: Ending | undefined } {
  const lines: (Order | Ending)[] = body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return {
    orderIds: lines.flatMap((line) => ('orderId' in line ? [line.orderId] : [])),
    ending: lines.find((line) => 'complete' in line),
  };
}
