import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gate } from '../support/gate.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on this machine that leaves requests hanging and notes how each of them ends. */
export class HangingServer {
  readonly #hanging = gate();
  readonly #ends = new EventEmitter();
  readonly #log: string[] = [];
  #requests = 0;
  readonly #server: Server;

  private constructor(answer: Answer) {
    this.#server = createServer((request, response) => this.#take(request, response, answer));
  }

  /** @param answer - answers a request, or leaves it hanging, which is the default */
  static async start(answer: Answer = () => {}): Promise<HangingServer> {
    const server = new HangingServer(answer);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends once a request hangs. */
  get hanging(): Promise<void> {
    return this.#hanging.opened;
  }

  /**
   * Lists how requests have ended, once so many have: `GET /: given up`, say, if the client has closed the connection
   * before it had the answer.
   */
  async log(count = this.#requests): Promise<readonly string[]> {
    while (this.#log.length < count) await once(this.#ends, 'end');
    return [...this.#log];
  }

  /** Closes all connections, and leaves it to the clients what to make of that. */
  drop(): void {
    this.#server.closeAllConnections();
  }

  /** Waits until the clients have let go of all their connections, of which only idle ones are closed from here. */
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
