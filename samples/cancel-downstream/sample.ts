import { performance } from 'node:perf_hooks';
import { missing, type Sample, timedOutGracefully } from '../sample.js';
import { Downstream } from './downstream.js';

export const cancelDownstream: Sample = {
  name: 'cancel-downstream',
  shows: 'fetch and an AWS SDK client that are cancelled at the deadline',
  async show({ event, startLambda, note }) {
    const downstream = await Downstream.start(note);
    try {
      const env = {
        STOCK_URL: downstream.url,
        QUEUE_URL: `${downstream.url}/123456789012/orders`,
        AWS_ENDPOINT_URL_SQS: downstream.url,
      };
      const lambda = await startLambda({ env });
      const result = await lambda.invoke(event);
      // The process of the handler is still alive, so its end has not closed the connections.
      const closed = downstream.requests.filter(
        ({ closedAtMs = Number.POSITIVE_INFINITY }) => closedAtMs <= performance.now(),
      );
      return {
        outcome: `${closed.length} of ${downstream.requests.length} open requests were closed at the deadline`,
        missing: missing({
          'a LambdaTimeoutError before the deadline': timedOutGracefully(result),
          'a request by fetch and one by the SDK': downstream.requests.length === 2,
          'both connections closed by the time of the answer': closed.length === 2,
        }),
      };
    } finally {
      await downstream.close();
    }
  },
};
