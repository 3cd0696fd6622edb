import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http, { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import * as undici from 'undici';
import { attempts } from '../../lib/deadline/current-attempt.js';
import { nameOfWebSocket } from '../../lib/operations/websockets.js';
import { listen } from '../support/listen.js';
import { namesOf, operationsAfter, tellsOfRequestsEarly, timeOutAfter } from '../support/pending.js';

const ignore = (): void => {};

/** A WebSocket of some client. */
interface Opened {
  readonly opened: Promise<unknown>;
  send(): void;
  close(): void;
}

type Open = (url: string) => Opened;

/** A text of one letter, as a client masks it. */
const FRAME = Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x61]);

const openWith =
  (WebSocket: typeof undici.WebSocket): Open =>
  (url) => {
    const webSocket = new WebSocket(url);
    webSocket.addEventListener('error', ignore);
    return {
      opened: once(webSocket as unknown as EventTarget, 'open' as never),
      send: () => webSocket.send('a'),
      close: () => webSocket.close(),
    };
  };

const clients: Record<string, Open> = {
  undici: openWith(undici.WebSocket),
  ...(globalThis.WebSocket === undefined
    ? {}
    : { 'the global one': openWith(globalThis.WebSocket as unknown as typeof undici.WebSocket) }),
  // As `ws` does.
  'a client over node:http': (url) => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    };
    const request = http.get(url.replace('ws:', 'http:'), { headers }).on('error', ignore);
    let socket: Socket | undefined;
    const opened = once(request, 'upgrade').then(([, upgraded]) => {
      socket = upgraded.on('error', ignore).resume();
    });
    return {
      opened,
      send: () => socket?.write(FRAME),
      close: () => (socket ?? request).destroy(),
    };
  },
};

for (const [client, open] of Object.entries(clients)) {
  describe(`A WebSocket of ${client} (R30)`, () => {
    let server: Server;
    let url: string;
    let isSilent = false;
    const sockets: Socket[] = [];

    beforeEach(async () => {
      isSilent = false;
      server = createServer();
      server.on('upgrade', async (request, socket: Socket) => {
        sockets.push(socket.on('error', ignore).resume());
        if (isSilent) return;
        const { createHash } = await import('node:crypto');
        const accept = createHash('sha1')
          .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
          .digest('base64');
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        );
      });
      url = `ws://127.0.0.1:${await listen(server)}`;
    });

    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.destroy();
      server.close();
    });

    it('is listed while it is being opened, without path, query and user', async () => {
      isSilent = true;
      const { pending, message } = await timeOutAfter(async function ship() {
        const webSocket = open(`${url}/s3cret?s3cret=s3cret`);
        webSocket.opened.catch(ignore);
        await sleep(50);
        return () => webSocket.close();
      });
      expect(namesOf(pending)).to.deep.equal([`WebSocket ${url}`]);
      expect(message).to.include(`waiting for WebSocket ${url} since `).and.not.to.include('s3cret');
      if (tellsOfRequestsEarly) expect(pending[0]?.startedAt).to.match(/at .*ship /);
    });

    it('is listed while it is open, once', async () => {
      const operations = await operationsAfter(async () => {
        const webSocket = open(url);
        await webSocket.opened;
        return () => webSocket.close();
      });
      expect(operations).to.deep.equal([`WebSocket ${url}`]);
    });

    it('is listed if it was open before, and is used in this invocation', async () => {
      const webSocket = open(url);
      await webSocket.opened;
      await sleep(20);
      expect(await operationsAfter(() => ignore)).to.deep.equal([]);
      const operations = await operationsAfter(async () => {
        webSocket.send();
        await sleep(20);
        return ignore;
      });
      expect(operations).to.deep.equal([`WebSocket ${url}`]);
      webSocket.close();
    });

    for (const answer of ['', 'with an answer']) {
      const order = answer ? 'after' : 'before';
      it(`is named ${order} a request with an answer, if it was used ${answer}`, async () => {
        const webSocket = open(url);
        await webSocket.opened;
        await sleep(20);
        const { message } = await timeOutAfter(async () => {
          const request = { method: 'GET', origin: 'http://answered' };
          for (const event of ['create', 'headers']) channel(`undici:request:${event}`).publish({ request });
          webSocket.send();
          if (answer) sockets[0]?.write(Buffer.from([0x81, 1, 0x61]));
          await sleep(20);
          return () => channel('undici:request:trailers').publish({ request });
        });
        expect(message).to.include(
          `waiting for ${answer ? 'GET http://answered' : `WebSocket ${url}`} since`,
        );
        webSocket.close();
      });
    }

    it('is removed from the list as soon as it is closed', async () => {
      const operations = await operationsAfter(async () => {
        await open(url).opened;
        for (const socket of sockets) socket.destroy();
        await sleep(50);
        return ignore;
      });
      expect(operations).to.deep.equal([]);
    });

    it('is removed from the list as soon as it is refused', async () => {
      const operations = await operationsAfter(async () => {
        open('ws://127.0.0.1:2').opened.catch(ignore);
        await sleep(50);
        return ignore;
      });
      expect(operations).to.deep.equal([]);
    });
  });
}

describe('A request that opens no WebSocket (R30)', () => {
  for (const [what, headers] of Object.entries({
    'because it does not ask for one': {},
    'because the server refuses': { connection: 'keep-alive, Upgrade', upgrade: 'websocket' },
  })) {
    it(`leaves a connection that is not listed beside the next request: ${what}`, async () => {
      let requests = 0;
      const server = createServer((_, response) => void (requests++ === 0 && response.end()));
      const url = `http://127.0.0.1:${await listen(server)}`;
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      const operations = await operationsAfter(async () => {
        const first = http.get(url, { agent, headers }, (response) => response.resume());
        await once(first, 'close');
        expect(attempts.getStore()?.operations?.find(first), 'it is still kept').to.equal(undefined);
        const second = http.get(url, { agent }).on('error', ignore);
        await once(server, 'request');
        expect(second.reusedSocket).to.equal(true);
        return () => agent.destroy();
      });
      expect(operations).to.deep.equal([`GET ${url}`]);
      server.close();
    });
  }
});

describe('A WebSocket (R30)', () => {
  it('is named by its scheme and its host, whatever these are', () => {
    for (const [from, to] of [
      ['http://a', 'ws://a'],
      ['https://a:8443', 'wss://a:8443'],
      ['wss://http.example.com', 'wss://http.example.com'],
    ] as const) {
      expect(nameOfWebSocket(`${from}/s3cret`)).to.equal(`WebSocket ${to}`);
    }
  });

  it('has no server in its name if it is not known', async () => {
    const operations = await operationsAfter(() => {
      channel('undici:request:create').publish({ request: { method: 'GET', upgrade: 'websocket' } });
      return ignore;
    });
    expect(operations).to.deep.equal(['WebSocket']);
  });
});
