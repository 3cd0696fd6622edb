import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';
import grpc from '@grpc/grpc-js';
import type { Context } from 'aws-lambda';
import { expect } from 'chai';
import { currentDeadline, GracefulTimeout, LambdaTimeoutError } from 'lambda-graceful-timeout';
import { WebSocket, WebSocketServer } from 'ws';

const MARGIN_MS = 100;
const DEADLINE_MS = 200;
/** What the first call of a client may take. */
const COLD_MS = 5000;

/** Node 20 does not tell of requests of HTTP/2, but of connections. */
const tellsOfStreams = !/^v20\./.test(process.version);

const ignore = (): void => {};

class Orders {
  @GracefulTimeout({ marginMs: MARGIN_MS, logger: { error: ignore, warn: ignore } })
  async handler(work: () => Promise<unknown>, _context: Context): Promise<unknown> {
    return work();
  }
}
const orders = new Orders();

const invoke = (work: () => Promise<unknown>, deadlineMs = DEADLINE_MS): Promise<unknown> => {
  const until = performance.now() + MARGIN_MS + deadlineMs;
  return orders.handler(work, { getRemainingTimeInMillis: () => until - performance.now() } as Context);
};

async function timeoutOf(work: () => Promise<unknown>): Promise<LambdaTimeoutError> {
  const error: unknown = await invoke(work).catch((reason: unknown) => reason);
  if (!(error instanceof LambdaTimeoutError)) throw new Error(`Expected a timeout, got ${error}`);
  return error;
}

/** A call of a client that an earlier invocation has used, or none. */
interface Case {
  readonly operation: string;
  call(): Promise<unknown>;
  stop(): void;
}

/** A server of HTTP/2 that answers the first request of each path with a head, trailers and this body, and no other one. */
async function startHttp2(
  body: Buffer,
  trailers: Record<string, string>,
): Promise<[port: number, stop: () => void]> {
  const answered = new Set<string>();
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer().on('session', (session) => sessions.add(session.on('error', ignore)));
  server.on('stream', (stream: http2.ServerHttp2Stream, { ':path': path = '' }) => {
    stream.on('error', ignore).resume();
    if (answered.has(path)) return;
    answered.add(path);
    stream.respond(
      { ':status': 200, 'content-type': path === '/' ? 'application/x-amz-json-1.1' : 'application/grpc' },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end(body);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const stop = (): void => {
    for (const session of sessions) session.destroy();
    server.close();
  };
  return [(server.address() as AddressInfo).port, stop];
}

const cases: Record<string, () => Promise<Case>> = {
  'gRPC (@grpc/grpc-js)': async () => {
    const [port, stop] = await startHttp2(Buffer.alloc(5), { 'grpc-status': '0' });
    const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    const toBuffer = (value: Buffer): Buffer => value;
    const metadata = new grpc.Metadata();
    metadata.set('authorization', 's3cret');
    return {
      operation: tellsOfStreams ? `POST http://127.0.0.1:${port}` : `connection to 127.0.0.1:${port}`,
      call: () =>
        new Promise((resolve, reject) => {
          const { signal } = currentDeadline();
          const request = client.makeUnaryRequest(
            '/s3cret.Service/S3cret',
            toBuffer,
            toBuffer,
            Buffer.from('s3cret'),
            metadata,
            (error, value) => (error ? reject(error) : resolve(value)),
          );
          signal.addEventListener('abort', () => request.cancel());
        }),
      stop() {
        client.close();
        stop();
      },
    };
  },

  'Kinesis of the AWS SDK': async () => {
    const [port, stop] = await startHttp2(Buffer.from('{"ShardId":"1","SequenceNumber":"1"}'), {});
    const client = new KinesisClient({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'eu-west-1',
      credentials: { accessKeyId: 's3cret', secretAccessKey: 's3cret' },
    });
    const record = new PutRecordCommand({
      StreamName: 's3cret',
      PartitionKey: 's3cret',
      Data: Buffer.from('s3cret'),
    });
    return {
      operation: tellsOfStreams ? `POST http://127.0.0.1:${port}` : `connection to 127.0.0.1:${port}`,
      call: () => client.send(record, { abortSignal: currentDeadline().signal }),
      stop() {
        client.destroy();
        stop();
      },
    };
  },

  'a WebSocket (ws)': async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    let isAnswered = true;
    server.on('connection', (peer) => {
      peer.on('message', () => {
        if (isAnswered) peer.send('answer');
        isAnswered = false;
      });
    });
    let webSocket: WebSocket | undefined;
    return {
      operation: `WebSocket ws://127.0.0.1:${port}`,
      async call() {
        if (!webSocket) {
          webSocket = new WebSocket(`ws://user:s3cret@127.0.0.1:${port}/s3cret?s3cret`);
          await once(webSocket, 'open');
        }
        webSocket.send('s3cret');
        await once(webSocket, 'message', { signal: currentDeadline().signal });
      },
      stop() {
        webSocket?.terminate();
        server.close();
      },
    };
  },
};

for (const [name, start] of Object.entries(cases)) {
  describe(`${name} (R30)`, () => {
    it('is named in a later invocation, by its server alone', async () => {
      const { operation, call, stop } = await start();
      await invoke(call, COLD_MS);
      await sleep(20);
      const { message, pending } = await timeoutOf(call);
      stop();
      expect(message).to.include(`waiting for ${operation} since `);
      expect(pending.map((one) => one.operation)).to.deep.equal([operation]);
      expect(JSON.stringify([message, pending])).not.to.match(/s3cret/i);
    });

    it('is blamed in no invocation that does not use it', async () => {
      const { call, stop } = await start();
      await invoke(call, COLD_MS);
      await sleep(20);
      const { pending } = await timeoutOf(() => sleep(10_000));
      stop();
      expect(pending).to.deep.equal([]);
    });
  });
}
