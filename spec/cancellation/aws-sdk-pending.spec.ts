import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect } from 'chai';
import { tellsOfRequestsEarly, timeOutAfter } from '../support/pending.js';
import { type AwsOptions, awsOptions } from './aws-options.js';
import { HangingServer } from './hanging-server.js';

const object = { Bucket: 's3cret', Key: 's3cret' };

/** Makes a client, and sends one request. */
type Send = (aws: AwsOptions & { readonly maxAttempts: number }) => Promise<unknown>;

const requests: Record<string, [method: string, send: Send]> = {
  'DynamoDB GetItem': [
    'POST',
    (aws) =>
      new DynamoDBClient(aws).send(new GetItemCommand({ TableName: 's3cret', Key: { id: { S: 's3cret' } } })),
  ],
  'SQS SendMessage': [
    'POST',
    (aws) =>
      new SQSClient(aws).send(
        new SendMessageCommand({ QueueUrl: `${aws.endpoint}/1/s3cret`, MessageBody: 's3cret' }),
      ),
  ],
  'S3 GetObject': [
    'GET',
    (aws) => new S3Client({ ...aws, forcePathStyle: true }).send(new GetObjectCommand(object)),
  ],
  'S3 PutObject': [
    'PUT',
    (aws) =>
      new S3Client({ ...aws, forcePathStyle: true }).send(
        new PutObjectCommand({ ...object, Body: 's3cret' }),
      ),
  ],
};

describe('A request of the AWS SDK (R30)', function () {
  this.timeout(10_000);

  for (const [request, [method, send]] of Object.entries(requests)) {
    it(`is listed by its host, and by the line that sends it: ${request}`, async () => {
      const server = await HangingServer.start();
      const { url } = server;
      async function sendIt(): Promise<void> {
        await send({ ...awsOptions(server), maxAttempts: 1 });
      }
      const { pending, message } = await timeOutAfter(async () => {
        sendIt().catch(() => {});
        await server.hanging;
        return () => server.drop();
      });
      await server.stop();
      const [{ operation, startedAt } = {}, ...others] = pending;
      expect(others).to.deep.equal([]);
      expect(operation).to.equal(`${method} ${url}`);
      expect(message).to.include(`waiting for ${operation} since `).and.not.include('s3cret');
      const frames = startedAt
        ?.split('\n')
        .map((frame) => frame.replace(/ \(\S+aws-sdk-pending\.spec.*/, ''));
      expect(frames?.slice(0, 1)).to.deep.equal(tellsOfRequestsEarly ? ['at async sendIt'] : undefined);
    });
  }

  it('is removed from the list as soon as it has its answer', async () => {
    const server = await HangingServer.start((_request, response) => response.end('{}'));
    const { pending } = await timeOutAfter(async () => {
      const client = new DynamoDBClient(awsOptions(server));
      await client.send(new GetItemCommand({ TableName: 'orders', Key: { id: { S: 'A-1001' } } }));
      return () => client.destroy();
    });
    expect(pending).to.deep.equal([]);
    await server.stop();
  });
});
