import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gate } from '../support/gate.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A local server that lets requests hang, and notes how each of them ends. */
export class HangingServer {
  readonly #hanging = gate();
  readonly #ends = new EventEmitter();
  readonly #log: string[] = [];
  #requests = 0;
  readonly #server: Server;

  private constructor(answer: Answer) {
    this.#server = createServer((request, response) => this.#take(request, response, answer));
  }

  /** @param answer - answers a request, or lets it hang, which is the default */
  static async start(answer: Answer = () => {}): Promise<HangingServer> {
    const server = new HangingServer(answer);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Fulfils as soon as a request hangs. */
  get hanging(): Promise<void> {
    return this.#hanging.opened;
  }

  /**
   * Waits until this number of requests has ended, and lists how they ended. `GET /: given up` means that the client has
   * closed the connection before it had the answer.
   */
  async log(count = this.#requests): Promise<readonly string[]> {
    while (this.#log.length < count) await once(this.#ends, 'end');
    return [...this.#log];
  }

  /** Closes all connections, also those on which a client still waits. */
  drop(): void {
    this.#server.closeAllConnections();
  }

  /** Waits until all connections are closed. The server closes only idle ones, so the clients must close the others. */
  async stop(): Promise<readonly string[]> {
    this.#server.close();
    await once(this.#server, 'close');
    return this.log();
  }

  #take(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
    const [path] = (request.url as string).split('?');
    this.#requests++;
    request.resume();
    response.once('close', () => {
      this.#log.push(`${request.method} ${path}: ${response.writableFinished ? 'answered' : 'given up'}`);
      this.#ends.emit('end');
    });
    answer(request, response);
    if (!response.writableEnded) this.#hanging.open();
  }
}

/** Sends the first half of an answer. */
export const half: Answer = (_request, response) => {
  response.writeHead(200, { 'content-length': 1000 }).write('x'.repeat(500));
};
