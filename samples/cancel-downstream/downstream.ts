import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';

/** A request that was accepted and never answered. */
export interface UnansweredRequest {
  readonly target: string;
  readonly acceptedAtMs: number;
  /** When the client closed the connection, on the clock of `performance.now()`. */
  closedAtMs: number | undefined;
}

/** A server on this machine that accepts every request, answers none, and notices when a client gives up. */
export class Downstream {
  readonly requests: UnansweredRequest[] = [];
  readonly #server: Server;

  private constructor(onEvent: (text: string) => void) {
    this.#server = createServer((request) => this.#accept(request, onEvent));
  }

  /** @param onEvent - called with a sentence when a request arrives and when its connection closes */
  static async start(onEvent: (text: string) => void): Promise<Downstream> {
    const downstream = new Downstream(onEvent);
    await new Promise<void>((resolve) => downstream.#server.listen(0, '127.0.0.1', resolve));
    return downstream;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }

  #accept({ method, url, socket }: IncomingMessage, onEvent: (text: string) => void): void {
    const target = `${method} ${url}`;
    const request: UnansweredRequest = { target, acceptedAtMs: performance.now(), closedAtMs: undefined };
    this.requests.push(request);
    onEvent(`${target} accepted, and never answered`);
    socket.once('close', () => {
      request.closedAtMs = performance.now();
      onEvent(`${target} closed by the client`);
    });
  }
}
