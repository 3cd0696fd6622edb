import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Description } from '../report/pending-operations.js';
import { attempted } from './attempted.js';
import { nameOfRequest } from './name-of-request.js';
import { skipSocket } from './sockets.js';
import type { Tracker } from './tracker.js';
import { asWebSocket, nameOfWebSocket } from './websockets.js';

/**
 * Returns the channel that reports requests. Node 22.12 and later report a request where it is made. Earlier ones report it
 * only when it is sent, and the user's code is not on the stack then.
 */
export function channelOfRequests(nodeVersion: string): string {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  return `http.client.request.${major * 100 + minor < 2212 ? 'start' : 'created'}`;
}

/** Notes the requests of `node:http` and `node:https`. */
export function trackHttp(tracker: Tracker): void {
  tracker.listen<{ request: ClientRequest }>(
    channelOfRequests(process.versions.node),
    ({ request }, below) => {
      request.once('close', () => {
        const unread = bodyLeftUnread(request);
        if (unread) unread.once('close', () => tracker.end(request));
        else tracker.end(request);
        attempted(() => noteWebSocket(request));
      });
      tracker.begin(request, () => describe(request), below);
    },
  );
  tracker.listen<{ request: ClientRequest }>('http.client.response.finish', ({ request }) => {
    tracker.answer(request);
    skipSocketsBelow(request.socket);
  });
}

/** Does not list the connection to a proxy: the socket of a request with TLS stands on it, or on another one with TLS. */
function skipSocketsBelow(socket: Layer | null): void {
  const below = socket?._parent;
  for (const layer of [below, below?._parent]) if (layer) skipSocket(layer);
}

/** A socket, and the one that it stands on. */
type Layer = Socket & { readonly _parent?: Layer | null };

function describe(request: ClientRequest): Description | undefined {
  // A request that has failed is destroyed first, and emits `close` later.
  const isClosed = request.destroyed || request.socket?.destroyed;
  if (isClosed && !bodyLeftUnread(request)) return undefined;
  const url = urlOf(request);
  return {
    operation: isWebSocket(request) ? nameOfWebSocket(url) : nameOfRequest(request.method, url),
    isDone: responseOf(request)?.complete === true,
  };
}

const responseOf = (request: ClientRequest): IncomingMessage | undefined =>
  (request as { res?: IncomingMessage }).res;

/** The response whose body has come, and which the program has not read to its end: without keep-alive its socket has closed. */
function bodyLeftUnread(request: ClientRequest): IncomingMessage | undefined {
  const res = responseOf(request);
  const isOpen = res?.complete && !res.readableEnded && !res.destroyed;
  // What follows the head of a WebSocket or a tunnel is no body.
  return isOpen && res.statusCode !== 101 && request.method !== 'CONNECT' ? res : undefined;
}

function urlOf(request: ClientRequest): string {
  const host = request.host.includes(':') ? `[${request.host}]` : request.host;
  // Only this header has the port. Nothing else is taken from it.
  const [port = ''] = /:\d+$/.exec(String(request.getHeader('host'))) ?? [];
  return `${request.protocol}//${host}${port}`;
}

const isWebSocket = (request: ClientRequest): boolean =>
  String(request.getHeader('upgrade')).toLowerCase() === 'websocket';

/** A request that opens a WebSocket closes when that is open. From then on its socket is listed. */
function noteWebSocket(request: ClientRequest): void {
  if (responseOf(request)?.statusCode === 101 && request.socket && isWebSocket(request)) {
    asWebSocket(request.socket, nameOfWebSocket(urlOf(request)));
  }
}
