import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { InvocationResult } from '../local-lambda/invocation.js';
import type { LocalLambda } from '../local-lambda/local-lambda.js';
import { missing, type Sample } from '../sample.js';

export const sqsPerRecord: Sample<SQSEvent> = {
  name: 'sqs-per-record',
  shows: 'a deadline for each order of an SQS batch, from a standard queue and from a FIFO queue',
  async show({ event, startLambda, note }) {
    const lambda = await startLambda();
    note('A standard queue:');
    const standard = await deliverTwice(lambda, event, note);
    note('A batch of a single order, which takes too long:');
    const hopeless = await lambda.invoke({ Records: [tooLarge(event)] });
    const fifoLambda = await startLambda({ handler: 'sqs-per-record/handler.fifoHandler' });
    const fifoEvent = { Records: event.Records.map(toFifo) };
    note('A FIFO queue:');
    const fifo = await deliverTwice(fifoLambda, fifoEvent, note);
    return {
      outcome: `${standard.returned.length} orders went back to the standard queue and ${fifo.returned.length} to the FIFO queue; each was shipped once`,
      missing: missing({
        'a response in spite of the timeouts, from both queues': standard.isAnswered && fifo.isAnswered,
        'every order shipped exactly once, from both queues': standard.areShippedOnce && fifo.areShippedOnce,
        'hooks for each order that the standard queue gets back': standard.returned.every((record) =>
          isReported(standard.first, record),
        ),
        'the message id of the order in the line of its timeout':
          hasMessageId(standard.first, standard.returned) &&
          hasMessageId(fifo.first, fifo.returned.slice(0, 1)),
        'orders of the FIFO queue that go back in order, from the first one on that timed out':
          fifo.returned.map(orderId).join() ===
          fifoEvent.Records.slice(-fifo.returned.length).map(orderId).join(),
        'no hook for orders of the FIFO queue behind that': fifo.returned
          .slice(1)
          .every((record) => !isReported(fifo.first, record)),
        'a FullBatchFailureError where no order was shipped':
          hopeless.error?.errorType === 'FullBatchFailureError',
      }),
    };
  },
};

/** The results of a batch of which a part went back and was delivered again. */
interface Deliveries {
  readonly first: InvocationResult;
  readonly returned: readonly SQSRecord[];
  readonly isAnswered: boolean;
  readonly areShippedOnce: boolean;
}

async function deliverTwice(
  lambda: LocalLambda,
  event: SQSEvent,
  note: (text: string) => void,
): Promise<Deliveries> {
  const first = await lambda.invoke(event);
  const returned = returnedRecords(event, first);
  note(`SQS delivers what went back: ${returned.map(orderId).join(', ')}`);
  const second = await lambda.invoke({ Records: returned });
  const shipped = [first, second].flatMap(shippedOrders);
  return {
    first,
    returned,
    isAnswered:
      [first, second].every(({ status }) => status === 'succeeded') &&
      returned.length > 0 &&
      returned.length < event.Records.length &&
      returnedRecords(event, second).length === 0,
    areShippedOnce: shipped.sort().join() === event.Records.map(orderId).sort().join(),
  };
}

const orderId = ({ body }: SQSRecord): string => JSON.parse(body).orderId;

function returnedRecords(event: SQSEvent, { response }: InvocationResult): SQSRecord[] {
  const { batchItemFailures = [] } = (response ?? {}) as Partial<SQSBatchResponse>;
  const ids = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  return event.Records.filter(({ messageId }) => ids.includes(messageId));
}

const shippedOrders = ({ lines }: InvocationResult): string[] =>
  lines.flatMap(({ text }) => text.match(/Shipped: ([\w-]+)/)?.[1] ?? []);

const isReported = ({ lines }: InvocationResult, record: SQSRecord): boolean =>
  lines.some(({ text }) => text.includes(`Goes back to the queue: ${orderId(record)}`)) &&
  lines.some(({ text }) => text.includes(`Cleared the table of ${orderId(record)}: rejected`));

/** Whether the timeout of each record was logged once, with its message id. */
const hasMessageId = ({ lines }: InvocationResult, records: readonly SQSRecord[]): boolean =>
  records.every(({ messageId }) => {
    const ofRecord = lines.filter(({ text }) => text.includes(messageId));
    return ofRecord.filter(({ text }) => text.includes('"name":"LambdaTimeoutError"')).length === 1;
  });

/** The same record, as a FIFO queue delivers it. */
const toFifo = (record: SQSRecord, index: number): SQSRecord => ({
  ...record,
  eventSourceARN: `${record.eventSourceARN}.fifo`,
  attributes: {
    ...record.attributes,
    MessageGroupId: 'customer-7',
    MessageDeduplicationId: record.messageId,
    SequenceNumber: String(18_849_496_460_467_696_128n + BigInt(index)),
  },
});

function tooLarge({ Records: [record] }: SQSEvent): SQSRecord {
  const items = Array.from({ length: 40 }, (_, index) => `book ${index}`);
  return { ...(record as SQSRecord), body: JSON.stringify({ orderId: 'A-1006', items }) };
}
