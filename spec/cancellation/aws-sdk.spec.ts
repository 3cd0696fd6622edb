import { Readable } from 'node:stream';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect } from 'chai';
import sinon from 'sinon';
import { currentDeadline, LambdaTimeoutError } from '../../lib/index.js';
import { expectRejection } from '../support/expect-rejection.js';
import { gate } from '../support/gate.js';
import { type AwsOptions, awsOptions } from './aws-options.js';
import { cutOff } from './cut-off.js';
import { HangingServer, half } from './hanging-server.js';
import { leavingNothingOpen } from './left-open.js';

const queue = { QueueUrl: 'http://localhost/123456789012/orders' };
const object = { Bucket: 'reports', Key: 'march' };

const getItem = new GetItemCommand({ TableName: 'orders', Key: { id: { S: 'A-1001' } } });
const sendMessage = new SendMessageCommand({ ...queue, MessageBody: 'A-1001' });
const receiveMessage = new ReceiveMessageCommand({ ...queue, WaitTimeSeconds: 20 });
const getObject = new GetObjectCommand(object);
const putObject = new PutObjectCommand({ ...object, Body: 'all of it' });

/** Makes a client, and sends one request. */
type Send = (aws: AwsOptions, options: { abortSignal: AbortSignal }) => Promise<unknown>;

const requests: Record<string, Send> = {
  'DynamoDB GetItem': (aws, options) => new DynamoDBClient(aws).send(getItem, options),
  'SQS SendMessage': (aws, options) => new SQSClient(aws).send(sendMessage, options),
  'SQS ReceiveMessage, with long polling': (aws, options) => new SQSClient(aws).send(receiveMessage, options),
  'S3 GetObject': (aws, options) => new S3Client(aws).send(getObject, options),
  'S3 PutObject': (aws, options) => new S3Client(aws).send(putObject, options),
};

describe('An AWS SDK client that is given the signal (R24)', function () {
  this.timeout(10_000);
  leavingNothingOpen();

  for (const [request, send] of Object.entries(requests)) {
    it(`${request}: the connection is closed, nothing is sent again, and the AbortError has the timeout as its cause`, async () => {
      const server = await HangingServer.start();
      const { error, rejection, warnings } = await cutOff(
        (abortSignal) => send(awsOptions(server), { abortSignal }),
        server.hanging,
      );
      expect(error).to.be.instanceOf(LambdaTimeoutError);
      expect(rejection).to.include({ name: 'AbortError', cause: error });
      const [ending, ...others] = await server.stop();
      expect(ending).to.match(/: given up$/);
      expect(others).to.deep.equal([]);
      expect(warnings, 'it heeds the signal all the same (R16)').to.deep.equal([]);
    });
  }

  it('S3 GetObject, in the middle of the object: the error looks like a lost connection, and is no cause of the timeout (R16)', async () => {
    const server = await HangingServer.start(half);
    const answer = gate();
    const { error, rejection } = await cutOff(async (abortSignal) => {
      const client = new S3Client(awsOptions(server));
      const { Body } = await client.send(getObject, { abortSignal });
      answer.open();
      return Body?.transformToString();
    }, answer.opened);
    expect(rejection).to.include({ name: 'Error', message: 'aborted', code: 'ECONNRESET' });
    expect(error).not.to.have.property('cause');
    expect(await server.stop()).to.deep.equal(['GET /reports/march: given up']);
  });

  it('S3 PutObject, in the middle of sending a stream: the AbortError has the timeout as its cause, and the stream is not destroyed', async () => {
    const server = await HangingServer.start();
    const source = new Readable({ read() {} });
    source.push('the first part, and no other');
    const warn = sinon.stub(console, 'warn');
    const { error, rejection } = await cutOff((abortSignal) => {
      const client = new S3Client(awsOptions(server));
      const command = new PutObjectCommand({ ...object, Body: source, ContentLength: 1000 });
      return client.send(command, { abortSignal });
    }, server.hanging).finally(() => warn.restore());
    expect(rejection).to.include({ name: 'AbortError', cause: error });
    expect(await server.stop()).to.deep.equal(['PUT /reports/march: given up']);
    expect(source.destroyed).to.equal(false);
    expect(warn.args).to.deep.equal([['An error was encountered in a non-retryable streaming request.']]);
  });

  it('a pause before a retry ends at once and no retry follows, but the timer of the pause continues', async () => {
    const PAUSE_MS = 500;
    const server = await HangingServer.start((_request, response) => {
      response.writeHead(503, { 'x-amz-retry-after': PAUSE_MS }).end('{}');
    });
    const client = new DynamoDBClient(awsOptions(server));
    const attempt = gate();
    client.middlewareStack.add((next) => (args) => next(args).finally(attempt.open), {
      step: 'finalizeRequest',
      priority: 'low', // inside the middleware that retries
    });
    const countTimers = async (): Promise<number> => {
      await turn();
      return process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;
    };
    const before = await countTimers();
    const { error, rejection, warnings } = await cutOff(
      (abortSignal) => client.send(getItem, { abortSignal }),
      attempt.opened.then(() => turn()),
    );
    expect(rejection).to.include({ name: 'AbortError', cause: error });
    expect(warnings).to.deep.equal([]);
    expect(await countTimers()).to.equal(before + 1);
    await sleep(PAUSE_MS);
    expect(await countTimers()).to.equal(before);
    client.destroy();
    expect(await server.stop()).to.deep.equal(['POST /: answered']);
  });

  it('nothing is sent if the signal has already aborted, so a hook needs a signal of its own', async () => {
    let requests = 0;
    const server = await HangingServer.start((_request, response) => {
      if (++requests > 1) response.end('{}');
    });
    const client = new DynamoDBClient(awsOptions(server));
    let inHook: unknown[] = [];
    let ofHandler: AbortSignal | undefined;
    await cutOff(
      (signal) => {
        ofHandler = signal;
        return client.send(getItem, { abortSignal: signal });
      },
      server.hanging,
      async () => {
        inHook = [
          await expectRejection(client.send(getItem, { abortSignal: ofHandler as AbortSignal })),
          await client.send(getItem, { abortSignal: currentDeadline().signal }),
        ];
      },
    );
    client.destroy();
    expect(inHook[0]).to.include({ name: 'AbortError' });
    expect(inHook[1]).to.have.nested.property('$metadata.httpStatusCode', 200);
    expect(await server.stop()).to.deep.equal(['POST /: given up', 'POST /: answered']);
  });
});
