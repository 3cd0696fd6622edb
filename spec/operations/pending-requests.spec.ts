import { channel } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import * as undici from 'undici';
import { attempts } from '../../lib/deadline/current-attempt.js';
import { currentDeadline, GracefulTimeout, type LambdaTimeoutError } from '../../lib/index.js';
import { channelOfRequests } from '../../lib/operations/http.js';
import { HangingServer, half } from '../cancellation/hanging-server.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { gate } from '../support/gate.js';
import { listen } from '../support/listen.js';
import { NeverAcceptingServer } from '../support/never-accepting-server.js';
import {
  type CleanUp,
  namesOf,
  operationsAfter,
  tellsOfRequestsEarly,
  timeOutAfter,
} from '../support/pending.js';
import { RecordingLogger } from '../support/recording-logger.js';

const ignore = (): void => {};

/** A request that has started. */
interface Begun {
  readonly ended: Promise<unknown>;
  readonly abort: () => void;
}

/** Makes a request and reads its whole answer. */
type Request = (url: string, method?: string) => Begun;

/** Starts a request that can be aborted. */
const abortable = (send: (signal: AbortSignal) => Promise<unknown>): Begun => {
  const controller = new AbortController();
  return { ended: send(controller.signal), abort: () => controller.abort() };
};

const overHttp =
  (agent?: http.Agent): Request =>
  (url, method = 'GET') =>
    abortable(
      (signal) =>
        new Promise((resolve, reject) => {
          const client = url.startsWith('https:') ? https : http;
          const options = { method, signal, ...(agent ? { agent } : {}) };
          const request = client.request(url, options, (response) => {
            response.resume().once('end', resolve).once('error', reject);
          });
          request.once('error', reject).end();
        }),
    );

const overUndici =
  (dispatcher?: undici.Dispatcher): Request =>
  (url, method = 'GET') =>
    abortable(async (signal) => {
      const options = { method: method as 'GET', signal, ...(dispatcher ? { dispatcher } : {}) };
      const { body } = await undici.request(url, options);
      return body.text();
    });

const clients: Record<string, Request> = {
  'node:http': overHttp(),
  fetch: (url, method = 'GET') => abortable(async (signal) => (await fetch(url, { method, signal })).text()),
  'undici.request()': overUndici(),
};

const settled = (promise: Promise<unknown>): Promise<unknown> => promise.catch(() => {});

const ending =
  (...requests: Begun[]): CleanUp =>
  () => {
    for (const { ended, abort } of requests) {
      void settled(ended);
      abort();
    }
  };

describe('A request whose answer has come, and whose body nobody reads (R30)', () => {
  for (const connection of ['keep-alive', 'close']) {
    it(`is listed until the body has ended, with the header \`Connection: ${connection}\``, async () => {
      const server = http.createServer((_, response) =>
        response.setHeader('Connection', connection).end('{}'),
      );
      const url = `http://127.0.0.1:${await listen(server)}`;
      let response: http.IncomingMessage | undefined;
      const answer = () =>
        new Promise<void>((resolve) => {
          http.get(url, { agent: new http.Agent() }, (come) => {
            response = come;
            resolve();
          });
        });
      const unread = await timeOutAfter(async () => {
        await answer();
        await sleep(30);
        return () => response?.destroy();
      });
      expect(unread.pending).to.have.length(1);
      expect(unread.pending[0]).to.include({ operation: `GET ${url}`, isAnswered: true });
      const read = await operationsAfter(async () => {
        await answer();
        await sleep(30);
        for await (const _ of response as http.IncomingMessage);
        await sleep(20);
        return ignore;
      });
      expect(read).to.deep.equal([]);
      server.close();
    });
  }

  it('is named before a connection as long as no answer has come', async () => {
    const hanging = await HangingServer.start();
    const server = createServer((socket) => socket.on('error', ignore).resume());
    const port = await listen(server);
    const error = await timeOutAfter(async () => {
      const socket = connect(port, '127.0.0.1').on('error', ignore);
      socket.write('a question');
      const request = http.get(hanging.url, { agent: new http.Agent() }).on('error', ignore);
      await hanging.hanging;
      return () => {
        request.destroy();
        socket.destroy();
      };
    });
    expect(error.message).to.include(`waiting for GET ${hanging.url} since`);
    server.close();
    await hanging.stop();
  });

  it('is named after one whose body has not come, since the answer itself kept nobody waiting', async () => {
    const answering = http.createServer((_, response) => response.end('{}'));
    const url = `http://127.0.0.1:${await listen(answering)}`;
    const hanging = await HangingServer.start(half);
    const error = await timeOutAfter(async () => {
      const answer = await new Promise<http.IncomingMessage>((resolve) => {
        http.get(url, { agent: new http.Agent() }, resolve);
      });
      const begun = clients.fetch?.(hanging.url) as Begun;
      await sleep(100);
      return () => {
        answer.destroy();
        return ending(begun)();
      };
    });
    expect(namesOf(error.pending)).to.deep.equal([`GET ${url}`, `GET ${hanging.url}`]);
    expect(error.pending.map(({ isAnswered }) => isAnswered)).to.deep.equal([true, true]);
    expect(error.message).to.include(`waiting for GET ${hanging.url} since`);
    answering.close();
    await hanging.stop();
  });
});

describe('A request of fetch that has not been sent (R30)', () => {
  it('is named after a connection that is surely busy, since nobody tells whether it was given up', async () => {
    const stuck = await NeverAcceptingServer.start();
    const server = createServer((socket) => socket.on('error', ignore).resume());
    const port = await listen(server);
    const error = await timeOutAfter(async () => {
      const begun = clients.fetch?.(`http://127.0.0.1:${stuck.port}`) as Begun;
      begun.ended.catch(ignore);
      const socket = connect(port, '127.0.0.1').on('error', ignore);
      socket.write('a question');
      await sleep(50);
      begun.abort();
      return () => void socket.destroy();
    });
    const operations = [`GET http://127.0.0.1:${stuck.port}`, `connection to 127.0.0.1:${port}`];
    expect(namesOf(error.pending)).to.deep.equal(operations);
    expect(error.message).to.include(`waiting for ${operations[1]} since`);
    server.close();
    await stuck.stop();
  });
});

for (const [client, request] of Object.entries(clients)) {
  describe(`A request of ${client} (R30)`, () => {
    let server: HangingServer;

    const serve = async (answer?: Parameters<typeof HangingServer.start>[0]): Promise<string> => {
      server = await HangingServer.start(answer);
      return server.url;
    };

    it('is listed by its method and its host while no answer comes', async () => {
      const url = await serve();
      const operations = await operationsAfter(async () => {
        const begun = request(`${url}/orders?token=secret`, 'POST');
        await server.hanging;
        return ending(begun);
      });
      expect(operations).to.deep.equal([`POST ${url}`]);
      await server.stop();
    });

    it('is listed until the body of its response has ended', async () => {
      const url = await serve(half);
      const operations = await operationsAfter(async () => {
        const begun = request(url);
        await server.hanging;
        await sleep(30); // the head and the half of the body arrive
        return ending(begun);
      });
      expect(operations).to.deep.equal([`GET ${url}`]);
      await server.stop();
    });

    it('is not answered by `103 Early Hints`', async () => {
      const url = await serve((_, response) =>
        response.writeEarlyHints({ link: '</style.css>; rel=preload' }),
      );
      const { pending } = await timeOutAfter(async () => {
        const begun = request(url);
        await server.hanging;
        await sleep(30);
        return ending(begun);
      });
      expect(pending).to.have.length(1);
      expect(pending[0]).not.to.have.property('isAnswered');
      expect(pending[0]?.sinceMs).to.be.at.least(20);
      await server.stop();
    });

    it('is listed while its connection is being opened', async () => {
      const stuck = await NeverAcceptingServer.start();
      const operations = await operationsAfter(async () => {
        const begun = request(`http://127.0.0.1:${stuck.port}`);
        await sleep(30);
        return ending(begun);
      });
      expect(operations).to.deep.equal([`GET http://127.0.0.1:${stuck.port}`]);
      await stuck.stop();
    });

    it('is listed during its TLS handshake', async () => {
      const sockets: Socket[] = [];
      const silent = createServer((socket) => sockets.push(socket.on('error', () => {}).resume()));
      const url = `https://127.0.0.1:${await listen(silent)}`;
      const operations = await operationsAfter(async () => {
        const begun = request(url);
        await sleep(30);
        return ending(begun);
      });
      expect(operations).to.deep.equal([`GET ${url}`]);
      for (const socket of sockets) socket.destroy();
      silent.close();
    });

    it('is listed as soon as it is made, before it has a socket', async () => {
      const url = await serve();
      const operations = await operationsAfter(() => ending(request(url)));
      // Up to Node 22.11, Node reports a request of `node:http` only when it is sent.
      const isKnown = tellsOfRequestsEarly || client !== 'node:http';
      expect(operations).to.deep.equal(isKnown ? [`GET ${url}`] : []);
      await server.stop();
    });

    const ends: Record<string, (url: string) => Promise<unknown>> = {
      'has its answer and its connection stays open': (url) => request(`${url}/answered`).ended,
      'is refused': () => settled(request('http://127.0.0.1:2').ended),
      'is aborted before its answer': async (url) => {
        const { ended, abort } = request(url);
        await server.hanging;
        abort();
        await settled(ended);
      },
      'is aborted in the middle of its answer': async (url) => {
        const { ended, abort } = request(`${url}/half`);
        await server.hanging;
        await sleep(30);
        abort();
        await settled(ended);
      },
      'loses its connection in the middle of its answer': (url) => settled(request(`${url}/broken`).ended),
    };
    for (const [end, run] of Object.entries(ends)) {
      it(`is removed from the list as soon as it ${end}`, async () => {
        const url = await serve((incoming, response) => {
          if (incoming.url === '/answered') response.end('answer');
          if (incoming.url === '/half') half(incoming, response);
          if (incoming.url === '/broken') {
            half(incoming, response);
            setTimeout(() => response.destroy(), 10);
          }
        });
        const operations = await operationsAfter(async () => {
          await run(url);
          return () => {};
        });
        expect(operations).to.deep.equal([]);
        await server.stop();
      });
    }

    it('is listed if it uses a connection that was opened before the invocation', async () => {
      const url = await serve((incoming, response) => {
        if (incoming.url === '/first') response.end('answer');
      });
      await request(`${url}/first`).ended;
      const operations = await operationsAfter(async () => {
        const begun = request(url);
        await server.hanging;
        return ending(begun);
      });
      expect(operations).to.deep.equal([`GET ${url}`]);
      await server.stop();
    });

    it('belongs to the invocation that made it, not to the one that opened its connection', async () => {
      const url = await serve((incoming, response) => {
        if (incoming.url === '/first') response.end('answer');
      });
      const first = await operationsAfter(async () => {
        await request(`${url}/first`).ended;
        const second = operationsAfter(async () => {
          const begun = request(url);
          await server.hanging;
          return ending(begun);
        });
        expect(await second).to.deep.equal([`GET ${url}`]);
        return () => {};
      });
      expect(first).to.deep.equal([]);
      await server.stop();
    });
  });
}

describe('A request for which no connection is free (R30)', () => {
  let server: HangingServer;

  beforeEach(async () => {
    server = await HangingServer.start();
  });

  afterEach(() => server.stop());

  const makeTwo = (request: Request): Promise<string[]> =>
    operationsAfter(async () => {
      const first = request(server.url);
      const second = request(server.url, 'PUT');
      await server.hanging;
      return ending(first, second);
    });

  it('is listed after the request that it waits for, over node:http', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const operations = await makeTwo(overHttp(agent));
    const waiting = tellsOfRequestsEarly ? [`PUT ${server.url}`] : [];
    expect(operations).to.deep.equal([`GET ${server.url}`, ...waiting]);
  });

  it('is listed after the request that it waits for, over undici', async () => {
    const agent = new undici.Agent({ connections: 1, pipelining: 1 });
    expect(await makeTwo(overUndici(agent))).to.deep.equal([`GET ${server.url}`, `PUT ${server.url}`]);
    await agent.close();
  });
});

describe('A request that has waited for a connection of an undici pool, which another invocation has opened (R30)', () => {
  let server: HangingServer;
  let pool: undici.Pool;
  let send: Request;

  beforeEach(async () => {
    server = await HangingServer.start((incoming, response) => {
      if (incoming.url === '/answered') response.end('answer');
    });
    pool = new undici.Pool(server.url, { connections: 1 });
    send = overUndici(pool);
  });

  afterEach(async () => {
    await pool.destroy();
    await server.stop();
  });

  const openConnection = (): Promise<unknown> => send(`${server.url}/answered`).ended;

  /** Until its answer has been read the connection is not free, so the second request waits. */
  async function sendTwo(): Promise<CleanUp> {
    const answered = openConnection();
    const begun = send(server.url, 'PUT');
    await Promise.all([answered, server.hanging]);
    return ending(begun);
  }

  it('is listed, without a line, until it has ended', async () => {
    await operationsAfter(async () => {
      await openConnection();
      return () => {};
    });
    const { pending } = await timeOutAfter(sendTwo);
    expect(namesOf(pending)).to.deep.equal([`PUT ${server.url}`]);
    expect(pending[0]).not.to.have.property('startedAt');
    const operations = await operationsAfter(async () => {
      await Promise.all([openConnection(), openConnection()]);
      return () => {};
    });
    expect(operations).to.deep.equal([]);
  });

  it('is not listed in the other one, if that is still under way', async () => {
    const operations = await operationsAfter(async () => {
      await openConnection();
      const begun = gate();
      const released = gate();
      const overlapping = attempts.exit(() =>
        operationsAfter(async () => {
          const cleanUp = await sendTwo();
          begun.open();
          await released.opened;
          return cleanUp;
        }),
      );
      await begun.opened;
      return () => {
        released.open();
        return overlapping;
      };
    });
    expect(operations).to.deep.equal([]);
  });

  it('is not listed if code outside of an invocation has made it, and it has not waited', async () => {
    const operations = await operationsAfter(async () => {
      const begun = attempts.exit(() => send(server.url));
      await server.hanging;
      return ending(begun);
    });
    expect(operations).to.deep.equal([]);
  });
});

describe('Requests of node:http (R30)', () => {
  const versions = { '20.20.2': 'start', '22.11.0': 'start', '22.12.0': 'created', '24.0.0': 'created' };
  for (const [version, event] of Object.entries(versions)) {
    it(`are reported by the channel of the event \`${event}\` on Node ${version}`, () => {
      expect(channelOfRequests(version)).to.equal(`http.client.request.${event}`);
    });
  }
});

describe('The connection of a request of node:http (R30)', () => {
  it('is not listed if the request makes it itself, without an agent', async () => {
    const server = await HangingServer.start();
    const operations = await operationsAfter(async () => {
      const createConnection = () => connect(Number(new URL(server.url).port), '127.0.0.1');
      const request = http.get(server.url, { createConnection }).on('error', ignore);
      await server.hanging;
      return () => request.destroy();
    });
    expect(operations).to.deep.equal([`GET ${server.url}`]);
    await server.stop();
  });

  it('is not listed if the deadline comes before the request has it', async () => {
    const server = await HangingServer.start();
    let request: http.ClientRequest | undefined;
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger: new RecordingLogger() })
      async handler(_event: unknown, _context: unknown): Promise<void> {
        const deadline = currentDeadline();
        request = http.get(server.url).on('error', ignore);
        for (;;) deadline.throwIfExpired();
      }
    }
    const error = await expectRejection(new Orders().handler({}, new FakeContext(1030)));
    const names = namesOf((error as LambdaTimeoutError).pending);
    expect(names).to.deep.equal(tellsOfRequestsEarly ? [`GET ${server.url}`] : []);
    request?.destroy();
    await server.stop();
  });

  it('may be gone when the answer has come', async () => {
    const request = Object.assign(new EventEmitter(), {
      ...{ destroyed: false, method: 'GET', protocol: 'http:', host: 'db.internal', socket: null },
      getHeader: ignore,
    });
    const { pending } = await timeOutAfter(() => {
      channel(channelOfRequests(process.versions.node)).publish({ request });
      channel('http.client.response.finish').publish({ request });
      return ignore;
    });
    expect(pending).to.have.length(1);
    expect(pending[0]).to.include({ operation: 'GET http://db.internal', isAnswered: true });
  });
});

describe('The name of a request (R30)', () => {
  const sendSecrets: Record<string, (server: HangingServer) => Begun> = {
    'node:http, with the URL as one string': ({ url }) =>
      abortable(
        (signal) =>
          new Promise((resolve, reject) => {
            const options = { method: 'POST', headers: { 'x-key': 'h34der', host: 'h34der:1' }, signal };
            http.request(secretUrl(url), options, resolve).once('error', reject).end('b0dy');
          }),
      ),
    'undici, with the URL as one string': ({ url }) =>
      abortable((signal) =>
        undici.request(secretUrl(url), {
          method: 'POST',
          headers: { 'x-key': 'h34der' },
          body: 'b0dy',
          signal,
        }),
      ),
    'undici, with the URL in parts': ({ url }) =>
      abortable((signal) =>
        new undici.Agent().request({
          origin: url.replace('//', '//u53r:pa55@'),
          path: '/p4th?qu3ry',
          method: 'POST',
          headers: { 'x-key': 'h34der' },
          body: 'b0dy',
          signal,
        }),
      ),
    fetch: ({ url }) =>
      abortable((signal) =>
        fetch(`${url}/p4th?qu3ry#fr4gment`, {
          method: 'POST',
          headers: { 'x-key': 'h34der', authorization: 'pa55' },
          body: 'b0dy',
          signal,
        }),
      ),
  };

  const secretUrl = (url: string): string => `${url.replace('//', '//u53r:pa55@')}/p4th?qu3ry#fr4gment`;

  for (const [client, send] of Object.entries(sendSecrets)) {
    it(`has only the method and the host: ${client}`, async () => {
      const server = await HangingServer.start();
      const operations = await operationsAfter(async () => {
        const begun = send(server);
        await server.hanging;
        return ending(begun);
      });
      expect(operations).to.have.lengthOf(1);
      expect(operations[0]).to.match(/^POST http:\/\/127\.0\.0\.1(:\d+)?$/);
      await server.stop();
    });
  }

  const named = (options: http.RequestOptions): Promise<string[]> =>
    operationsAfter(async () => {
      const hanging = { lookup: () => {}, ...options };
      const request = http.request(hanging).on('error', () => {});
      request.end();
      await sleep(10);
      return () => request.destroy();
    });

  it('leaves out the port that the protocol implies', async () => {
    expect(await named({ host: 'api.example.com', port: 80 })).to.deep.equal(['GET http://api.example.com']);
  });

  it('is only the method if the request has no host', async () => {
    const operations = await operationsAfter(() => {
      channel('undici:request:create').publish({ request: { method: 'GET', origin: undefined } });
      return () => {};
    });
    expect(operations).to.deep.equal(['GET']);
  });

  it('has an IPv6 address in brackets, as in a URL', async () => {
    const server = await HangingServer.start();
    const createConnection = () => connect(Number(new URL(server.url).port), '127.0.0.1');
    const operations = await named({ host: '::1', port: 8080, createConnection });
    expect(operations).to.include('GET http://[::1]:8080');
    await server.stop();
  });
});
