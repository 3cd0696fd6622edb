/** Opens connections before the package is loaded, as a module with a client of its own does, and prints what hangs later. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Context } from 'aws-lambda';
import { listen } from '../support/listen.js';

const ignore = (): void => {};

const server = createServer((socket) => socket.on('error', ignore).resume().write('welcome'));
const port = await listen(server);
const used: Socket = connect(port, '127.0.0.1');
await once(used, 'data');
const idle: Socket = connect(port, '127.0.0.1');
await once(idle, 'data');
const opening: Socket = connect(port, '127.0.0.1');

const { GracefulTimeout, LambdaTimeoutError } = await import('lambda-graceful-timeout');

class Orders {
  @GracefulTimeout({ marginMs: 500, logger: { error: ignore, warn: ignore } })
  async handler(work: () => void, _context: Context): Promise<never> {
    work();
    return new Promise(() => {});
  }
}
const orders = new Orders();

async function pendingAfter(work: () => void): Promise<string[]> {
  const until = performance.now() + 600;
  const context = { getRemainingTimeInMillis: () => until - performance.now() } as Context;
  const error: unknown = await orders.handler(work, context).catch((reason: unknown) => reason);
  if (!(error instanceof LambdaTimeoutError)) throw new Error(`Expected a timeout, got ${error}`);
  return error.pending.map(({ operation }) => operation.replace(String(port), 'PORT'));
}

await once(opening, 'data');
const none = await pendingAfter(() => process.stderr.write(''));
const one = await pendingAfter(() => used.write('a query'));
const both = await pendingAfter(() => [used, opening].forEach((socket) => void socket.write('a query')));
console.log(JSON.stringify({ none, one, both }));
for (const socket of [used, idle, opening]) socket.destroy();
server.close();
