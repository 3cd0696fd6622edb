import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';

/** The servers of a suite: two for the requests of a handler, and one for the telemetry. */
export interface Servers {
  /** Answers at once. */
  readonly promptUrl: string;
  /** Answers only at `breakSilence()`. */
  readonly silentUrl: string;
  readonly collectorUrl: string;
  /** The bodies of the requests to the collector. */
  readonly received: string[];
  /** How long the collector takes to answer. With `undefined` it never answers. */
  answersAfterMs: number | undefined;
  /** Answers all requests that the silent server has received. */
  breakSilence(): void;
}

export function useServers(): Servers {
  const running: Server[] = [];
  const held: ServerResponse[] = [];
  const servers = {
    promptUrl: '',
    silentUrl: '',
    collectorUrl: '',
    received: [] as string[],
    answersAfterMs: 0 as number | undefined,
    breakSilence: () => {
      for (const response of held.splice(0)) response.end('at last');
    },
  };
  const collect: RequestListener = async (request, response) => {
    servers.received.push(await textOf(request));
    const { answersAfterMs } = servers;
    if (answersAfterMs === undefined) return;
    setTimeout(() => response.setHeader('Content-Type', 'application/json').end('{}'), answersAfterMs);
  };
  before(async () => {
    servers.promptUrl = await start((_request, response) => response.end('done'), running);
    servers.silentUrl = await start((_request, response) => held.push(response), running);
    servers.collectorUrl = await start(collect, running);
  });
  after(() => {
    for (const server of running) {
      server.closeAllConnections();
      server.close();
    }
  });
  return servers;
}

async function start(listener: RequestListener, running: Server[]): Promise<string> {
  const server = createServer(listener);
  running.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const body = await buffer(request);
  return String(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body);
}
