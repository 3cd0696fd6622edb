import { channel } from 'node:diagnostics_channel';
import http from 'node:http';
import https from 'node:https';
import net, { type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { expect } from 'chai';
import { Agent, type Dispatcher } from 'undici';
import { listen } from '../support/listen.js';
import { operationsAfter } from '../support/pending.js';

const ignore = (): void => {};

/** A cipher that needs no certificate. */
const ANONYMOUS = {
  ciphers: 'ADH-AES256-GCM-SHA384:@SECLEVEL=0',
  maxVersion: 'TLSv1.2',
  dhparam: 'auto',
} as const;

describe('A tunnel through a proxy (R30)', () => {
  const sockets: Socket[] = [];
  let service: Server;
  let proxy: Server;
  let host: string;
  let proxyPort: number;

  beforeEach(async () => {
    service = https.createServer(ANONYMOUS, (request, response) => {
      if (request.url === '/answered') response.end('answer');
    });
    host = `127.0.0.1:${await listen(service)}`;
    proxy = http.createServer().on('connect', ({ url }: http.IncomingMessage, socket: Socket) => {
      sockets.push(socket.on('error', ignore));
      if (url?.includes('never.internal')) return;
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      service.emit('connection', socket);
    });
    proxyPort = await listen(proxy);
  });

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of [service, proxy]) server.close();
  });

  describe('that an agent of node:https makes', () => {
    class TunnelAgent extends https.Agent {
      override createConnection(
        options: tls.ConnectionOptions,
        callback?: (error: Error | null, socket: Socket) => void,
      ): undefined {
        const socket = net.connect(proxyPort, '127.0.0.1').on('error', ignore);
        socket.write(`CONNECT ${host} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
        socket.once('data', () => callback?.(null, tls.connect({ ...options, ...ANONYMOUS, socket })));
      }
    }

    const send = (path: string, agent: TunnelAgent): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const options = { agent, rejectUnauthorized: false };
        https
          .get(`https://${host}${path}`, options, (response) => response.resume().once('end', resolve))
          .once('error', reject);
      });

    for (const [when, isWarm] of [
      ['of this invocation', false],
      ['of an earlier one', true],
    ] as const) {
      it(`is not listed beside the requests over it, nor if it is idle: one ${when}`, async () => {
        const agent = new TunnelAgent({ keepAlive: true });
        if (isWarm) await send('/answered', agent);
        const idle = await operationsAfter(async () => {
          await send('/answered', agent);
          return ignore;
        });
        const hanging = await operationsAfter(async () => {
          await send('/answered', agent);
          send('/', agent).catch(ignore);
          await sleep(20);
          return () => agent.destroy();
        });
        expect([idle, hanging]).to.deep.equal([[], [`GET https://${host}`]]);
      });
    }
  });

  const dispatchers: Record<string, () => Promise<Dispatcher>> = {
    'the package': async () => new Agent(),
    async Node() {
      await fetch('http://127.0.0.1:2').catch(ignore);
      return Reflect.get(globalThis, Symbol.for('undici.globalDispatcher.1'));
    },
  };
  for (const [whose, getDispatcher] of Object.entries(dispatchers)) {
    it(`is listed until the proxy has answered: undici of ${whose}`, async () => {
      const dispatcher = await getDispatcher();
      const origin = `http://127.0.0.1:${proxyPort}`;
      const connect = (path: string): Promise<Dispatcher.ConnectData> => dispatcher.connect({ origin, path });
      const operations = await operationsAfter(async () => {
        await connect(host);
        connect('never.internal:443').catch(ignore);
        await sleep(20);
        return ignore;
      });
      expect(operations).to.deep.equal([`CONNECT ${origin}`]);
    });
  }

  it('is listed until the proxy has answered: an undici before 7.30, which does not tell that', async () => {
    const tell = (event: string, message: object): void => channel(`undici:${event}`).publish(message);
    const origin = 'http://proxy.internal:3128';
    /** Sends a request over a socket on which something has come before, and returns a way to let more come. */
    const send = (method: string): (() => void) => {
      const request = { method, origin };
      const socket = { bytesRead: 100 };
      tell('request:create', { request });
      tell('client:sendHeaders', { request, socket });
      return () => {
        socket.bytesRead += 39;
      };
    };
    const operations = await operationsAfter(() => {
      send('CONNECT')();
      send('CONNECT');
      send('GET')();
      return ignore;
    });
    expect(operations).to.deep.equal([`CONNECT ${origin}`, `GET ${origin}`]);
  });
});
