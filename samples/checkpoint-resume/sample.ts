import type { SQSEvent, SQSRecord } from 'aws-lambda';
import type { InvocationResult } from '../local-lambda/invocation.js';
import { missing, printed, type Sample } from '../sample.js';
import { Queue } from './queue.js';

/** A job that makes no progress must not go on for ever. */
const MAX_INVOCATIONS = 5;

export const checkpointResume: Sample<SQSEvent> = {
  name: 'checkpoint-resume',
  shows: 'a job longer than an invocation, whose rest goes to the next one through a queue',
  async show({ event, startLambda, note }) {
    const message = event.Records[0] as SQSRecord;
    const queue = await Queue.start(message);
    try {
      const env = {
        QUEUE_URL: `${queue.endpoint}/123456789012/albums`,
        AWS_ENDPOINT_URL_SQS: queue.endpoint,
      };
      const lambda = await startLambda({ env });
      const results = [await lambda.invoke(event)];
      for (let next = queue.deliver(); next && results.length < MAX_INVOCATIONS; next = queue.deliver()) {
        note(`SQS delivers what was handed on: ${next.Records[0]?.body}`);
        results.push(await lambda.invoke(next));
      }
      const { album, photos } = JSON.parse(message.body) as { album: string; photos: number };
      const stored = results.map(storedPhotos);
      const shares = stored.map(({ length }) => length).join(' + ');
      return {
        outcome: `${shares} of ${photos} photos in ${results.length} invocations, each stored once`,
        missing: missing({
          'three invocations, none of which failed':
            results.length === 3 && results.every(({ status }) => status === 'succeeded'),
          'a timeout of each but the last':
            results.map((result) => printed(result, 'LambdaTimeoutError')).join() === 'true,true,false',
          'every photo stored exactly once, in order':
            stored.flat().join() ===
            Array.from({ length: photos }, (_, index) => `${album}-${index + 1}`).join(),
        }),
      };
    } finally {
      await queue.close();
    }
  },
};

const storedPhotos = ({ lines }: InvocationResult): string[] =>
  lines.flatMap(({ text }) => text.match(/Stored: ([\w-]+)/)?.[1] ?? []);
