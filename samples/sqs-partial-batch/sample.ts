import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { InvocationResult } from '../local-lambda/invocation.js';
import { missing, type Sample } from '../sample.js';

export const sqsPartialBatch: Sample<SQSEvent> = {
  name: 'sqs-partial-batch',
  shows: 'an SQS batch that returns what it did not finish to the queue',
  async show({ event, startLambda, note }) {
    const lambda = await startLambda();
    const first = await lambda.invoke(event);
    const returned = returnedRecords(event, first);
    note(`SQS delivers what was returned: ${returned.map(orderId).join(', ')}`);
    const second = await lambda.invoke({ Records: returned });
    const shipped = [...shippedOrders(first), ...shippedOrders(second)];
    return {
      outcome: `${returned.length} of ${event.Records.length} orders were returned and delivered again; each was shipped once`,
      missing: missing({
        'a response in spite of the timeout': first.status === 'succeeded',
        'some orders that were finished and some that were returned':
          returned.length > 0 && returned.length < event.Records.length,
        'a second delivery that returned nothing':
          second.status === 'succeeded' && returnedRecords(event, second).length === 0,
        'every order shipped exactly once':
          shipped.sort().join() === event.Records.map(orderId).sort().join(),
      }),
    };
  },
};

const orderId = ({ body }: SQSRecord): string => JSON.parse(body).orderId;

function returnedRecords(event: SQSEvent, { response }: InvocationResult): SQSRecord[] {
  const { batchItemFailures = [] } = (response ?? {}) as Partial<SQSBatchResponse>;
  const ids = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  return event.Records.filter(({ messageId }) => ids.includes(messageId));
}

const shippedOrders = ({ lines }: InvocationResult): string[] =>
  lines.flatMap(({ text }) => text.match(/Shipped: ([\w-]+)/)?.[1] ?? []);
