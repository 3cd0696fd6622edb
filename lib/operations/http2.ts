import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import type { Description } from '../report/pending-operations.js';
import { nameOfRequest } from './name-of-request.js';
import { skipSocket } from './sockets.js';
import type { Tracker } from './tracker.js';

interface Message {
  readonly stream: ClientHttp2Stream;
  readonly headers: OutgoingHttpHeaders;
}

/** Notes the requests of `node:http2`, which Node reports from version 22 on. */
export function trackHttp2(tracker: Tracker): void {
  tracker.listen<Message>('http2.client.stream.created', ({ stream, headers }, below) => {
    // The session gives a proxy of its socket, of which only this method gives the socket itself.
    const socket = stream.session?.socket.valueOf() as Socket | undefined;
    if (socket && skipSocket(socket)) return;
    // Not the headers, which have more than that.
    const method = headers[':method'];
    const url = `${headers[':scheme']}://${headers[':authority']}`;
    const describe = (): Description | undefined =>
      stream.destroyed ? undefined : { operation: nameOfRequest(method, url) };
    tracker.beginUntilClose(stream, describe, below);
  });
  tracker.listen<Message>('http2.client.stream.finish', ({ stream }) => tracker.answer(stream));
}
