import type { Socket } from 'node:net';
import type { Description } from '../report/pending-operations.js';
import { doCallersPass } from './callers.js';
import { nameOfRequest } from './name-of-request.js';
import { openConnections } from './open-connections.js';
import type { Entry } from './operations.js';
import { skipNextSocket, skipSocket } from './sockets.js';
import type { Tracker } from './tracker.js';
import { nameOfWebSocket } from './websockets.js';

/** A request of undici, which `fetch` is built on. */
interface UndiciRequest {
  readonly method: string;
  readonly origin: unknown;
  /** Set for a request that opens a `WebSocket`: undici does not report the end of such a request. */
  readonly upgrade?: unknown;
}

interface Message {
  readonly request: UndiciRequest;
}

/** Notes the requests of undici, those of `fetch`, and the WebSockets that undici opens. */
export function trackUndici(tracker: Tracker): void {
  tracker.listen<Message>('undici:request:create', ({ request }, below) => {
    const describeIt = (): Description | undefined =>
      isOpenTunnel(request) ? undefined : { ...describe(request), isUnsent: !sent.has(request) };
    if (tracker.isWanted && !tracker.isAlone && hasWaited(below)) tracker.beginWaited(request, describeIt);
    else tracker.begin(request, describeIt, below);
  });
  tracker.listen<Message & { response?: { statusCode?: number } }>(
    'undici:request:headers',
    ({ request, response }) => {
      // Others, such as `103 Early Hints`, come before the answer.
      const isEarly = Number(response?.statusCode) < 200;
      if (!isEarly) tracker.answer(request);
    },
  );
  for (const end of ['trailers', 'error']) {
    tracker.listen<Message>(`undici:request:${end}`, ({ request }) => tracker.end(request));
  }
  tracker.listen<Message & { socket: Socket }>('undici:client:sendHeaders', ({ request, socket }) => {
    sent.add(request);
    skipSocket(socket, true);
    if (request.upgrade) followWebSocket(tracker, request, socket);
    else if (request.method === 'CONNECT') tunnels.set(request, { socket, receivedBefore: socket.bytesRead });
  });
  // Up to version 7.9, undici tells of no head of a request over HTTP/2.
  tracker.listen<Message>('undici:request:bodySent', ({ request }) => sent.add(request));
  // Its requests are listed instead of its sockets.
  tracker.listen('undici:client:beforeConnect', skipNextSocket);
  tracker.listen<{ socket: Socket }>('undici:client:connected', ({ socket }) => skipSocket(socket, true));
}

/** The requests whose head has been sent. */
const sent = new WeakSet<UndiciRequest>();

/** The sockets of requests that open a tunnel through a proxy, and how much had come over them before. */
const tunnels = new WeakMap<UndiciRequest, { readonly socket: Socket; readonly receivedBefore: number }>();

/** Whether the proxy has answered. Before version 7.30, undici does not report that. */
function isOpenTunnel(request: UndiciRequest): boolean {
  const tunnel = tunnels.get(request);
  return tunnel !== undefined && tunnel.socket.bytesRead > tunnel.receivedBefore;
}

/**
 * Whether a pool sends a request that has waited for a free connection. The event of a connection that has become free makes it
 * do so, in the context of whoever has opened that connection.
 */
const hasWaited = (below: Entry): boolean =>
  doCallersPass(below, (callers) => callers.some((caller) => caller.getFileName() === 'node:events'));

function describe({ method, origin, upgrade }: UndiciRequest): Description {
  const url = String(origin);
  return { operation: upgrade ? nameOfWebSocket(url) : nameOfRequest(method, url) };
}

/** From now on the socket of a WebSocket is listed instead of the request that opens it. */
function followWebSocket(tracker: Tracker, request: UndiciRequest, socket: Socket): void {
  const { operation } = describe(request);
  const describeOpen = (receivedBefore = 0): Description => ({
    operation,
    isBusy: socket.bytesRead <= receivedBefore,
  });
  const taken = tracker.take(request);
  if (taken) tracker.goOn(socket, taken, describeOpen);
  openConnections.add(socket, describeOpen);
  socket.once('close', () => {
    tracker.end(socket);
    openConnections.remove(socket);
  });
}
