import type { Socket } from 'node:net';

/** The names of the sockets of WebSockets. */
const names = new WeakMap<Socket, string>();

/** Notes that a socket is now that of a WebSocket. */
export function asWebSocket(socket: Socket, name: string): void {
  names.set(socket, name);
}

/** The name of the WebSocket of a socket, if it is of one. */
export const webSocketOf = (socket: Socket): string | undefined => names.get(socket);

/** `WebSocket wss://api.example.com`. */
export const nameOfWebSocket = (url: string): string =>
  URL.canParse(url)
    ? `WebSocket ${new URL(url.replace('http', 'ws')).protocol}//${new URL(url).host}`
    : 'WebSocket';
