import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Downstream } from '../cancel-downstream/downstream.js';
import { missing, type Sample } from '../sample.js';
import { Collector } from './collector.js';

// The handler is in a package of its own, beside its sources. This file runs in the build folder of the other samples.
const taskRoot = fileURLToPath(new URL('../../opentelemetry/', import.meta.url));

export const opentelemetry: Sample = {
  name: 'opentelemetry',
  shows: 'a timeout on the span of its invocation, and the hanging call in the trace',
  async show({ event, startLambda, note }) {
    if (!existsSync(join(taskRoot, '.build/handler.js'))) {
      const skipped =
        'not shown, since its packages are not installed: `npm run sample:opentelemetry` does that';
      return { outcome: '', missing: [], skipped };
    }
    const stock = createServer((_request, response) => response.end('{"inStock":true}'));
    await once(stock.listen(0, '127.0.0.1'), 'listening');
    const [payments, collector] = [await Downstream.start(note), new Collector()];
    try {
      const lambda = await startLambda({
        taskRoot,
        handler: '.build/handler.handler',
        env: {
          NODE_OPTIONS: '--import ./.build/instrumentation.js',
          AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x', // the runtime client is that of Node 24
          OTEL_EXPORTER_OTLP_ENDPOINT: await collector.start(),
          STOCK_URL: `http://127.0.0.1:${(stock.address() as AddressInfo).port}`,
          PAYMENTS_URL: payments.url,
        },
      });
      const { status, response } = await lambda.invoke(event);
      note('The collector has got this trace:');
      for (const line of collector.describe()) note(`  ${line}`);
      const { spans } = collector;
      const root = spans.find(({ parentId }) => parentId === undefined);
      const calls = spans.filter(({ parentId }) => parentId === root?.id);
      const hanging = calls.find(({ attributes }) => attributes['url.full']?.startsWith(payments.url));
      return {
        outcome: 'the timeout is on the span of the invocation, and the call that hung is below it',
        missing: missing({
          'a 504 as the answer': status === 'succeeded' && isTimeout(response),
          'a span of the invocation, failed by a LambdaTimeoutError':
            root?.failed === true && root.attributes['error.type'] === 'LambdaTimeoutError',
          'the hanging call as what was pending':
            root?.attributes['lambda_timeout.pending']?.startsWith(`POST ${payments.url} since `) === true,
          'both calls below that span': calls.length === 2,
          'the hanging call as a failed span':
            hanging?.failed === true && hanging.attributes['error.type'] === 'LambdaTimeoutError',
        }),
      };
    } finally {
      await payments.close();
      await collector.stop();
      stock.closeAllConnections();
      stock.close();
    }
  },
};

const isTimeout = (response: unknown): boolean => (response as { statusCode?: number }).statusCode === 504;
