import { setTimeout as sleep } from 'node:timers/promises';
import type { InvocationResult } from '../local-lambda/invocation.js';
import type { LocalLambda } from '../local-lambda/local-lambda.js';
import { missing, printed, type Sample, timedOutGracefully } from '../sample.js';
import { DynamoDb } from './dynamo-db.js';
import { type Subsegment, XRayDaemon } from './x-ray-daemon.js';

const TABLE_NAME = 'Idempotency';
const HANDLER_SUBSEGMENT = '## powertools/handler.handler';
const REDELIVERED_AFTER_MS = 300;

export const powertools: Sample<{ readonly orderId: string }> = {
  name: 'powertools',
  shows: 'logger, tracer, metrics, parser and idempotency of Powertools on one handler that times out',
  async show({ event, startLambda, note }) {
    const [db, daemon] = [new DynamoDb(), new XRayDaemon()];
    try {
      const env = {
        TABLE_NAME,
        AWS_ENDPOINT_URL_DYNAMODB: await db.start(TABLE_NAME),
        AWS_XRAY_DAEMON_ADDRESS: await daemon.listen(),
        AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${process.versions.node.split('.')[0]}.x`,
      };
      const lambda = await startLambda({ env });
      const late = await lambda.invoke(event);
      const trace = await daemon.find(HANDLER_SUBSEGMENT);
      note(`X-Ray has got: ${describe(trace)}`);
      note('The event is delivered again while the charge may still go through');
      const refused = await lambda.invoke(event);
      const done = await redeliver(lambda, event);
      note('An event arrives that is no checkout');
      const invalid = await lambda.invoke({ orderId: event.orderId });
      const charges = lambda.log.filter(({ text }) => text.includes('Charged'));
      return {
        outcome:
          'a timeout logged, traced and counted, and an order that was delivered again but charged once',
        missing: missing({
          'a LambdaTimeoutError before the deadline': timedOutGracefully(late),
          'a log line of the timeout with the id of its request': printed(
            late,
            `"function_request_id":"${late.requestId}"`,
          ),
          'the metrics of both hooks': printed(late, '"TimedOut":1') && printed(late, '"NotServed":1'),
          'a subsegment with the timeout as its fault':
            trace.fault === true && 'timedOut' in (trace.annotations ?? {}),
          'a second delivery that was refused while the first was in progress': isRefused(refused),
          'a delivery that got the receipt of the first': done.status === 'succeeded',
          'a single charge': charges.length === 1,
          'a ParseError for the event that is no checkout': invalid.error?.errorType === 'ParseError',
        }),
      };
    } finally {
      daemon.close();
      await db.stop();
    }
  },
};

/** Delivers the event again, as a queue does, until the function does not refuse it. */
async function redeliver(lambda: LocalLambda, event: unknown): Promise<InvocationResult> {
  for (;;) {
    await sleep(REDELIVERED_AFTER_MS);
    const result = await lambda.invoke(event);
    if (!isRefused(result)) return result;
  }
}

const isRefused = ({ error }: InvocationResult): boolean =>
  error?.errorType === 'IdempotencyAlreadyInProgressError';

const describe = ({ cause, annotations = {} }: Subsegment): string =>
  [cause?.exceptions[0]?.type, ...Object.keys(annotations)].join(', ');
