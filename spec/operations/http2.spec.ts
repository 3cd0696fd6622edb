import { channel } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { H2CClient } from 'undici';
import { listen } from '../support/listen.js';
import { type CleanUp, namesOf, operationsAfter, timeOutAfter } from '../support/pending.js';

/** Node 20 does not tell of requests of HTTP/2. */
const tellsOfStreams = !/^v20\./.test(process.version);

const ignore = (): void => {};

describe('A request of node:http2 (R30)', () => {
  let server: http2.Http2Server;
  let url: string;
  let session: ClientHttp2Session;

  beforeEach(async () => {
    server = http2.createServer();
    server.on('stream', (stream, { ':path': path }) => {
      stream.on('error', ignore);
      if (path === '/answered') stream.end('answer');
      if (path === '/refused') stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
      if (path === '/half') {
        stream.respond();
        stream.write('half of it');
      }
    });
    url = `http://127.0.0.1:${await listen(server)}`;
    session = http2.connect(url).on('error', ignore);
    await once(session, 'connect');
    await sleep(20); // until both sides have sent their settings
  });

  afterEach(() => {
    session.destroy();
    server.close();
  });

  const request = (path: string, method = 'GET', by = session): ClientHttp2Stream => {
    const stream = by.request({ ':path': path, ':method': method }).on('error', ignore).resume();
    stream.end();
    return stream;
  };

  const connection = (): string => `connection to ${new URL(url).host}`;

  it('is listed over a session that was open before, and says which line has begun it', async () => {
    const { pending, message } = await timeOutAfter(async function ship() {
      request('/', 'POST');
      await sleep(20);
      return ignore;
    });
    expect(namesOf(pending)).to.deep.equal([tellsOfStreams ? `POST ${url}` : connection()]);
    if (tellsOfStreams) {
      expect(pending[0]?.startedAt?.split('\n')[1]).to.match(/^at ship /);
      expect(pending[0]).not.to.have.property('isAnswered');
    }
    expect(message).to.include(
      tellsOfStreams ? `waiting for POST ${url} since ` : `waiting for ${connection()} since`,
    );
  });

  it('is listed over a session that the invocation opens, also before that is open', async () => {
    const open = async (ms: number): Promise<CleanUp> => {
      const own = http2.connect(url).on('error', ignore);
      request('/', 'GET', own);
      await sleep(ms);
      return () => own.destroy();
    };
    for (const ms of [0, 30]) {
      const operations = await operationsAfter(() => open(ms));
      if (tellsOfStreams) expect(operations).to.deep.equal([`GET ${url}`]);
      else expect(operations).to.include(connection());
    }
  });

  it('is answered as soon as the head of its response has come', async function () {
    if (!tellsOfStreams) this.skip();
    const { pending } = await timeOutAfter(async () => {
      await once(request('/half'), 'response');
      return ignore;
    });
    expect(pending[0]).to.include({ operation: `GET ${url}`, isAnswered: true });
  });

  const ends: Record<string, () => Promise<unknown>> = {
    'its response has ended': () => once(request('/answered'), 'close'),
    'it is refused': () => once(request('/refused'), 'close').catch(ignore),
    'it is cancelled': async () => {
      const stream = request('/');
      await sleep(10);
      stream.close(http2.constants.NGHTTP2_CANCEL);
      await once(stream, 'close');
    },
    'it is destroyed': async () => request('/').destroy(),
    'its session is destroyed': async () => {
      const stream = request('/');
      await sleep(10);
      session.destroy();
      await once(stream, 'close');
    },
  };
  for (const [end, run] of Object.entries(ends)) {
    it(`is removed from the list as soon as ${end}`, async function () {
      if (!tellsOfStreams) this.skip();
      expect(
        await operationsAfter(async () => {
          await run();
          return ignore;
        }),
      ).to.deep.equal([]);
    });
  }

  it('has only its method and its host in its name', async function () {
    if (!tellsOfStreams) this.skip();
    const { message, pending } = await timeOutAfter(async () => {
      const headers = {
        ':path': '/s3cret?s3cret=s3cret',
        ':method': 'POST',
        authorization: 's3cret',
        's3cret-metadata': 's3cret',
      };
      session.request(headers).on('error', ignore).end('s3cret');
      await sleep(10);
      return ignore;
    });
    expect(namesOf(pending)).to.deep.equal([`POST ${url}`]);
    expect(message).not.to.include('s3cret');
  });

  it('has no user and no password of a URL in its name', async () => {
    const headers = {
      ':method': 'GET',
      ':scheme': 'https',
      ':authority': 's3cret:s3cret@api.example.com:8443',
    };
    const operations = await operationsAfter(() => {
      channel('http2.client.stream.created').publish({ stream: new EventEmitter(), headers });
      return ignore;
    });
    expect(operations).to.deep.equal(['GET https://api.example.com:8443']);
  });
});

describe('A request of undici over HTTP/2 (R30)', () => {
  it('is listed once', async () => {
    const server = http2.createServer().on('stream', (stream, { ':path': path }) => {
      stream.on('error', ignore);
      if (path === '/answered') stream.end('answer');
    });
    const url = `http://127.0.0.1:${await listen(server)}`;
    const client = new H2CClient(url);
    const { body } = await client.request({ path: '/answered', method: 'GET' });
    await body.text();
    const operations = await operationsAfter(async () => {
      client.request({ path: '/', method: 'POST' }).catch(ignore);
      client.request({ path: '/', method: 'PUT' }).catch(ignore);
      await sleep(20);
      return () => client.destroy();
    });
    expect(operations).to.deep.equal([`POST ${url}`, `PUT ${url}`]);
    server.close();
  });
});
