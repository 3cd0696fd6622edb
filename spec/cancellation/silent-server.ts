import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { gate } from '../support/gate.js';

/** A server that greets each client and sends nothing more. */
export class SilentServer {
  readonly #server: Server;
  readonly #closed = gate();

  private constructor() {
    this.#server = createServer((socket) => {
      socket.on('error', () => {}).once('close', this.#closed.open);
      socket.resume().write('welcome');
    });
  }

  static async start(): Promise<SilentServer> {
    const server = new SilentServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Fulfils as soon as the first client has closed its connection. */
  get closed(): Promise<void> {
    return this.#closed.opened;
  }

  async stop(): Promise<void> {
    this.#server.close();
    await once(this.#server, 'close');
  }
}
