import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { AbortMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload, type Options as UploadOptions } from '@aws-sdk/lib-storage';
import { expect } from 'chai';
import { currentDeadline, LambdaTimeoutError } from '../../lib/index.js';
import { expectRejection } from '../support/expect-rejection.js';
import { awsOptions } from './aws-options.js';
import { cutOff } from './cut-off.js';
import { HangingServer } from './hanging-server.js';
import { leavingNothingOpen } from './left-open.js';

const object = { Bucket: 'reports', Key: 'march' };
const MIN_PART_BYTES = 5 * 1024 * 1024;

// What the server sees.
const STARTED = 'POST /reports/march: answered';
const PART = 'PUT /reports/march';
const DROPPED = 'DELETE /reports/march: answered';

/** The API of S3 that takes objects in parts. It lets all parts wait, and refuses them if the upload is dropped. */
class PartStore {
  readonly #parts: ServerResponse[] = [];

  readonly answer = ({ method }: IncomingMessage, response: ServerResponse): void => {
    if (method === 'PUT') this.#parts.push(response);
    else if (method === 'DELETE') this.#drop(response);
    else
      response.end('<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>');
  };

  takeParts(): void {
    for (const part of this.#parts.splice(0)) part.setHeader('etag', '"1"').end();
  }

  #drop(response: ServerResponse): void {
    for (const part of this.#parts.splice(0)) {
      part.writeHead(404).end('<Error><Code>NoSuchUpload</Code></Error>');
    }
    response.writeHead(204).end();
  }
}

describe('An S3 upload in parts (R24)', function () {
  this.timeout(10_000);
  leavingNothingOpen();

  let store: PartStore;
  let server: HangingServer;
  let client: S3Client;
  beforeEach(async () => {
    store = new PartStore();
    server = await HangingServer.start(store.answer);
    client = new S3Client(awsOptions(server));
  });

  const params = { ...object, Body: Buffer.alloc(MIN_PART_BYTES + 1) };
  /** Makes an upload that sends one part after the other. */
  const makeUpload = (options: Partial<UploadOptions> = {}): Upload =>
    new Upload({ client, params, queueSize: 1, ...options });
  const drop = ({ uploadId: UploadId }: Upload): Promise<unknown> =>
    client.send(new AbortMultipartUploadCommand({ ...object, UploadId }), {
      abortSignal: currentDeadline().signal,
    });

  it('rejects at once when it is aborted, waits for the current part, and then makes S3 drop all parts', async () => {
    const { error, rejection, warnings } = await cutOff((signal) => {
      const upload = makeUpload();
      signal.addEventListener('abort', () => upload.abort());
      return upload.done();
    }, server.hanging);
    expect(error).to.be.instanceOf(LambdaTimeoutError);
    expect([rejection.name, rejection.cause]).to.deep.equal(['AbortError', undefined]);
    expect(warnings).to.deep.equal([]);
    expect(await server.log(1), 'the part is not given up').to.deep.equal([STARTED]);
    store.takeParts();
    await server.log(3);
    expect(await server.stop()).to.deep.equal([STARTED, `${PART}: answered`, DROPPED]);
  });

  it('does not have to wait for the current part: a hook makes S3 drop all parts, and S3 refuses the current one', async () => {
    const upload = makeUpload();
    const { rejection } = await cutOff(
      (signal) => {
        signal.addEventListener('abort', () => upload.abort());
        return upload.done();
      },
      server.hanging,
      () => drop(upload),
    );
    expect(rejection.name).to.equal('AbortError');
    await server.log(4);
    expect(await server.stop()).to.have.members([STARTED, DROPPED, `${PART}: answered`, DROPPED]);
  });

  it('needs an abort controller of its own: if several uploads share one, only the last is aborted', async () => {
    const settled: string[] = [];
    const source = new Readable({ read() {} });
    let first: Promise<unknown> | undefined;
    await cutOff((signal) => {
      const abortController = { signal, abort() {} };
      first = expectRejection(makeUpload({ abortController }).done()).finally(() => settled.push('first'));
      const last = makeUpload({ abortController, params: { ...object, Body: source } });
      return last.done().finally(() => settled.push('last'));
    }, server.hanging);
    expect(settled).to.deep.equal(['last']);
    store.takeParts();
    await first;
    source.destroy();
    expect(await server.stop()).to.deep.equal([STARTED, `${PART}: answered`, DROPPED]);
  });

  it('is cancelled together with the current part if the request handler passes the signal on', async () => {
    const { requestHandler } = client.config;
    const handle = requestHandler.handle.bind(requestHandler);
    requestHandler.handle = (request, options) =>
      handle(request, { abortSignal: currentDeadline().signal, ...options });
    const upload = makeUpload();
    const { error, rejection, warnings } = await cutOff(
      () => upload.done(),
      server.hanging,
      async () => {
        await server.log(2); // the part has been given up, which S3 can notice later than this hook
        await drop(upload);
      },
    );
    expect(error).to.be.instanceOf(LambdaTimeoutError);
    expect(rejection).to.include({ name: 'AbortError', cause: error });
    expect(warnings).to.deep.equal([]);
    expect(await server.stop()).to.deep.equal([STARTED, `${PART}: given up`, DROPPED]);
  });
});
