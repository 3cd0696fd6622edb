import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Describe, PendingOperations } from '../report/pending-operations.js';
import { framesOf, type Trace } from '../report/stack.js';
import { shared } from '../shared.js';
import { attempts } from './current-attempt.js';

/** A request of undici, of which `fetch` is made. */
interface UndiciRequest {
  readonly method: string;
  readonly origin: unknown;
}

type Subscriber<Message> = (message: Message) => void;

/**
 * Notes from now on what the code of attempts begins and when that ends, as Node's own channels tell. Node calls who
 * listens to a channel in the middle of the code that begins something: its async context is that of the code.
 *
 * @see https://nodejs.org/api/diagnostics_channel.html#built-in-channels
 */
export function trackOperations(): void {
  shared('tracking', startTracking);
}

/** Node 22.12 and later tell of a request when it is made, and of where; before, only when it is on its way. */
export function channelOfRequests(nodeVersion: string): string {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  return `http.client.request.${major * 100 + minor < 2212 ? 'start' : 'created'}`;
}

function startTracking(): true {
  listen(channelOfRequests(process.versions.node), onRequest);
  listen('undici:request:create', onUndiciRequest);
  listen('undici:request:trailers', onUndiciEnd);
  listen('undici:request:error', onUndiciEnd);
  listen('undici:client:beforeConnect', onUndiciConnect);
  listen('net.client.socket', onSocket);
  listen('child_process', onChildProcess);
  return true;
}

const listen = <Message>(channel: string, subscriber: Subscriber<Message>): void => {
  subscribe(channel, subscriber as Subscriber<unknown>);
};

/** What tells when it has ended. */
interface Closable {
  once(event: 'close', listener: () => void): unknown;
}

/** Notes that something has begun, until it is closed, if it is an attempt that has begun it. */
function track(subject: Closable, describe: Describe, below: Subscriber<never>): boolean {
  const pending = attempts.getStore()?.pending;
  if (!pending) return false;
  pending.begin(subject, describe, below);
  subject.once('close', () => pending.end(subject));
  return true;
}

const describeRequest = (method: string, url: string): ReturnType<Describe> => ({
  // Parsed, as user and password can be part of it.
  operation: URL.canParse(url) ? `${method} ${new URL(url).origin}` : method,
});

function onRequest({ request }: { request: ClientRequest }): void {
  track(request, () => describeHttp(request), onRequest);
}

function describeHttp(request: ClientRequest): ReturnType<Describe> {
  // One that has failed says so first, and is closed only then.
  if (request.destroyed || request.socket?.destroyed) return undefined;
  const host = request.host.includes(':') ? `[${request.host}]` : request.host;
  // Nothing else has the port, and nothing but the port is taken from it.
  const [port = ''] = /:\d+$/.exec(String(request.getHeader('host'))) ?? [];
  return describeRequest(request.method, `${request.protocol}//${host}${port}`);
}

/** By which attempt a request was made: its connection, which tells that it has ended, may be of another one. */
const requestsOfUndici = new WeakMap<UndiciRequest, PendingOperations>();

function onUndiciRequest({ request }: { request: UndiciRequest }): void {
  const pending = attempts.getStore()?.pending;
  if (!pending) return;
  requestsOfUndici.set(request, pending);
  pending.begin(request, () => describeRequest(request.method, String(request.origin)), onUndiciRequest);
}

function onUndiciEnd({ request }: { request: UndiciRequest }): void {
  requestsOfUndici.get(request)?.end(request);
}

/** Whether the next socket is of undici, whose requests are listed. It makes one in the same call, if it makes one at all. */
let isOfUndici = false;

function onUndiciConnect(): void {
  isOfUndici = true;
  queueMicrotask(() => {
    isOfUndici = false;
  });
}

function onSocket({ socket }: { socket: Socket }): void {
  if (isOfUndici) {
    isOfUndici = false;
    return;
  }
  let peer: Peer = {};
  const noteAttempt = (address: string, port?: number): void => {
    if (port !== undefined) peer = { address, port };
  };
  if (!track(socket, (trace) => describeSocket(socket, peer, trace), onSocket)) return;
  socket.on('connectionAttempt', noteAttempt);
  // It can be connected again.
  socket.once('close', () => socket.off('connectionAttempt', noteAttempt));
}

/** What a socket was last about to connect to; empty where that is no more than a file, or is being looked up. */
interface Peer {
  readonly address?: string;
  readonly port?: number;
}

function describeSocket(socket: Socket, { address, port }: Peer, trace: Trace): ReturnType<Describe> {
  const { _host: name } = socket as { _host?: string | null };
  const host = name ?? address;
  // One that has been told to connect to what it cannot take says ever after that it is connecting.
  const isUnderWay = socket.connecting ? host !== undefined : !socket.pending;
  if (!isUnderWay || socket.destroyed || isOfRequest(socket, trace)) return undefined;
  const peer = port === undefined ? (host ?? 'a local socket') : `${host}:${port}`;
  return { operation: `connection to ${peer}`, mayBeIdle: !socket.connecting };
}

/** Whether a socket is, or was, of a request of `node:http` or `node:https`, which is listed itself. */
const isOfRequest = (socket: Socket, trace: Trace): boolean =>
  '_httpMessage' in socket || framesOf(trace).some((frame) => frame.includes('(node:_http_agent:'));

function onChildProcess({ process: child }: { process: ChildProcess }): void {
  const describe = (): ReturnType<Describe> => {
    const [name] = /[^\\/]*$/.exec(child.spawnfile) ?? [];
    return child.pid === undefined ? undefined : { operation: `child process ${name}` };
  };
  track(child, describe, onChildProcess);
}
