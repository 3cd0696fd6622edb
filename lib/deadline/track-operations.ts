import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Describe, PendingOperations } from '../report/pending-operations.js';
import { framesOf, type Trace } from '../report/stack.js';
import type { StackBudget } from '../report/stack-budget.js';
import { shared } from '../shared.js';
import { attempts } from './current-attempt.js';

/** A request of undici, which `fetch` is built on. */
interface UndiciRequest {
  readonly method: string;
  readonly origin: unknown;
  /** Set for a `WebSocket`: undici of Node 20 to 24 does not report the end of such a request. */
  readonly upgrade?: unknown;
}

type Subscriber<Message> = (message: Message) => void;

/**
 * Notes from now on which operations attempts begin and when they end, from Node's diagnostics channels. Node calls a
 * subscriber inside the code that begins the operation, so the async context tells which attempt that is.
 *
 * @see https://nodejs.org/api/diagnostics_channel.html#built-in-channels
 */
export function trackOperations(): void {
  shared('tracking', startTracking);
}

/**
 * Returns the channel that reports requests. Node 22.12 and later report a request where it is made. Earlier ones report it
 * only when it is sent, and the user's code is not on the stack then.
 */
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

/** Emits `close` when it has ended. */
interface Closable {
  once(event: 'close', listener: () => void): unknown;
}

/** Notes an operation until it is closed, if an attempt has begun it. */
function track(subject: Closable, describe: Describe, below: Subscriber<never>): boolean {
  const pending = attempts.getStore()?.pending;
  if (!pending) return false;
  pending.begin(subject, describe, below);
  subject.once('close', () => pending.end(subject));
  return true;
}

const describeRequest = (method: string, url: string): ReturnType<Describe> => ({
  // Parsed, because the URL can contain a user name and a password.
  operation: URL.canParse(url) ? `${method} ${new URL(url).origin}` : method,
});

function onRequest({ request }: { request: ClientRequest }): void {
  track(request, () => describeHttp(request), onRequest);
}

function describeHttp(request: ClientRequest): ReturnType<Describe> {
  // A request that has failed is destroyed first, and emits `close` later.
  if (request.destroyed || request.socket?.destroyed) return undefined;
  const host = request.host.includes(':') ? `[${request.host}]` : request.host;
  // Only this header has the port. Nothing else is taken from it.
  const [port = ''] = /:\d+$/.exec(String(request.getHeader('host'))) ?? [];
  return describeRequest(request.method, `${request.protocol}//${host}${port}`);
}

/**
 * The attempt that made each request. The end is reported in the context of the connection, which another attempt may have
 * opened.
 */
const requestsOfUndici = new WeakMap<UndiciRequest, PendingOperations>();

function onUndiciRequest({ request }: { request: UndiciRequest }): void {
  const pending = attempts.getStore()?.pending;
  if (!pending || request.upgrade) return;
  requestsOfUndici.set(request, pending);
  pending.begin(request, () => describeRequest(request.method, String(request.origin)), onUndiciRequest);
}

function onUndiciEnd({ request }: { request: UndiciRequest }): void {
  requestsOfUndici.get(request)?.end(request);
}

/**
 * Whether undici opens the next socket. Its requests are listed instead. It opens the socket in the same call, if it opens
 * one.
 */
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
  if (!track(socket, (trace, stacks) => describeSocket(socket, peer, trace, stacks), onSocket)) return;
  socket.on('connectionAttempt', noteAttempt);
  // A closed socket can be connected again.
  socket.once('close', () => socket.off('connectionAttempt', noteAttempt));
}

/** The address that a socket tried last. Empty for a local socket, which is a file, and while a name is being looked up. */
interface Peer {
  readonly address?: string;
  readonly port?: number;
}

function describeSocket(
  socket: Socket,
  { address, port }: Peer,
  trace: Trace,
  stacks: StackBudget,
): ReturnType<Describe> {
  const { _host: name } = socket as { _host?: string | null };
  const host = name ?? address;
  // A socket whose `connect()` has thrown stays `connecting` for ever.
  const isUnderWay = socket.connecting ? host !== undefined : !socket.pending;
  if (!isUnderWay || socket.destroyed || isOfRequest(socket, trace, stacks)) return undefined;
  const peer = port === undefined ? (host ?? 'a local socket') : `${host}:${port}`;
  return { operation: `connection to ${peer}`, mayBeIdle: !socket.connecting };
}

/** Whether a socket belongs, or belonged, to a request of `node:http` or `node:https`, which is listed instead. */
const isOfRequest = (socket: Socket, trace: Trace, stacks: StackBudget): boolean =>
  '_httpMessage' in socket || framesOf(trace, stacks).some((frame) => frame.includes('(node:_http_agent:'));

function onChildProcess({ process: child }: { process: ChildProcess }): void {
  const describe = (): ReturnType<Describe> => {
    const [name] = /[^\\/]*$/.exec(child.spawnfile) ?? [];
    return child.pid === undefined ? undefined : { operation: `child process ${name}` };
  };
  track(child, describe, onChildProcess);
}
