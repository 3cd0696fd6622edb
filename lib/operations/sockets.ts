import { Socket } from 'node:net';
import type { Description } from '../report/pending-operations.js';
import { attempted } from './attempted.js';
import { DuringCall } from './during-call.js';
import { openConnections } from './open-connections.js';
import type { Describe } from './operations.js';
import { isTold, nameOfConnection, nameOfServer } from './servers.js';
import type { Tracker } from './tracker.js';
import { webSocketOf } from './websockets.js';

/** The address that a socket tried last. Empty for a local socket, which is a file, and while a name is being looked up. */
interface Peer {
  readonly address?: string | undefined;
  readonly port?: number | undefined;
}

/** Notes the sockets of all clients whose requests or commands are not listed themselves. */
export function trackSockets(tracker: Tracker): void {
  tracker.listen<{ socket: Socket }>('net.client.socket', ({ socket }, below) => {
    if (nextSocket.value === 'skipped') {
      nextSocket.value = undefined;
      return;
    }
    const { describe, noteAttempt } = followed.get(socket) ?? follow(socket, tracker);
    const isNoted = socket.listeners('connectionAttempt').includes(noteAttempt);
    if (tracker.begin(socket, describe, below) && !isNoted) socket.on('connectionAttempt', noteAttempt);
  });
  for (const socket of attempted(earlierSockets) ?? []) follow(socket, tracker);
}

/** How a socket is described, and what notes an address that it tries. */
interface Followed {
  readonly describe: Describe;
  readonly noteAttempt: (address: string, port?: number) => void;
}

/** The sockets that are not closed. One can be connected again before it is. */
const followed = new WeakMap<Socket, Followed>();

/** Notes the connection of a socket, as soon as it is open and until it is closed. */
function follow(socket: Socket, tracker: Tracker): Followed {
  let peer: Peer = {};
  const noteAttempt = (address: string, port?: number): void => {
    peer = port === undefined ? {} : { address, port };
  };
  const describe = (receivedBefore = 0): Description | undefined =>
    describeSocket(socket, peer, receivedBefore);
  const onConnect = (): void => {
    attempted(() => {
      peer = { address: socket.remoteAddress, port: socket.remotePort };
      openConnections.add(socket, describe);
    });
  };
  if (socket.remoteAddress !== undefined) onConnect();
  else socket.once('connect', onConnect);
  followed.set(socket, { describe, noteAttempt });
  socket.once('close', () => {
    tracker.end(socket);
    openConnections.remove(socket);
    followed.delete(socket);
    // A closed socket can be connected again.
    socket.off('connectionAttempt', noteAttempt).off('connect', onConnect);
  });
  return { describe, noteAttempt };
}

/**
 * The sockets of clients that were opened before the first method was decorated, as by a module with a connection of its own.
 * Node tells of them in no other way. The standard streams have no address, and those of a server belong to no client.
 */
function earlierSockets(): Socket[] {
  const { _getActiveHandles: list } = process as { _getActiveHandles?: () => unknown[] };
  return (list?.call(process) ?? []).filter(
    (handle): handle is Socket =>
      handle instanceof Socket &&
      (handle.connecting || handle.remoteAddress !== undefined) &&
      (handle as { readonly server?: unknown }).server == null,
  );
}

const nextSocket = new DuringCall<'skipped'>();

/** Does not list the socket that is opened in the same call, if one is. */
export function skipNextSocket(): void {
  nextSocket.value = 'skipped';
}

/** The sockets over which requests are sent, and whether undici does so. */
const requestSockets = new WeakMap<Socket, boolean>();

/**
 * Does not list a socket, because the requests over it are listed.
 *
 * @returns whether undici sends them: it does so over a session of `node:http2`, which tells of the same requests
 */
export function skipSocket(socket: Socket, isOfUndici = false): boolean {
  const isUndici = requestSockets.get(socket) ?? isOfUndici;
  requestSockets.set(socket, isUndici);
  return isUndici;
}

function describeSocket(
  socket: Socket,
  { address, port }: Peer,
  receivedBefore: number,
): Description | undefined {
  const { _host: name } = socket as { _host?: string | null };
  const host = name ?? address;
  // A socket whose `connect()` has thrown stays `connecting` for ever.
  const isUnderWay = socket.connecting ? host !== undefined : !socket.pending;
  if (!isUnderWay || socket.destroyed) return undefined;
  const isBusy = isSurelyBusy(socket, receivedBefore);
  const webSocket = webSocketOf(socket);
  if (webSocket !== undefined) return { operation: webSocket, isBusy };
  if (isOfRequest(socket)) return undefined;
  const operation = nameOfConnection(host, port);
  const server = nameOfServer(host, port);
  if (!isTold(server)) return { operation, isBusy };
  return isBusy ? { operation, isBusy, isUnder: server } : undefined;
}

/** Whether it is being opened, or something was sent and nothing has come since. */
const isSurelyBusy = (socket: Socket, receivedBefore: number): boolean =>
  socket.connecting || (socket.bytesWritten > 0 && socket.bytesRead <= receivedBefore);

/**
 * Whether a socket belongs, or belonged, to requests, which are listed instead: of `node:http` or `node:https`, whose agent
 * listens for `agentRemove` before the socket has its request, of `node:http2` or of undici.
 */
const isOfRequest = (socket: Socket): boolean =>
  '_httpMessage' in socket || socket.listenerCount('agentRemove') > 0 || requestSockets.has(socket);
