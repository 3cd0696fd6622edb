import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** A subsegment as the X-Ray SDK sends it. */
export interface Subsegment {
  readonly name: string;
  readonly fault?: boolean;
  readonly annotations?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly cause?: { readonly exceptions: readonly { readonly type: string; readonly message: string }[] };
}

/** The socket on which the X-Ray daemon of an execution environment listens. */
export class XRayDaemon {
  readonly #socket: Socket = createSocket('udp4');
  readonly #received: Subsegment[] = [];

  /** Starts to listen, and returns its address. */
  async listen(): Promise<string> {
    // A datagram has two lines of JSON: the format and the subsegment.
    this.#socket.on('message', (datagram) => {
      this.#received.push(JSON.parse(datagram.toString().split('\n')[1] ?? ''));
      this.#socket.emit('subsegment');
    });
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  /** Takes the next subsegment, and waits for it if necessary. */
  async next(): Promise<Subsegment> {
    while (this.#received.length === 0) await once(this.#socket, 'subsegment');
    return this.#received.shift() as Subsegment;
  }

  /** Takes the next subsegment with that name, and drops those before it. */
  async find(name: string): Promise<Subsegment> {
    for (;;) {
      const subsegment = await this.next();
      if (subsegment.name === name) return subsegment;
    }
  }

  close(): void {
    this.#socket.close();
  }
}
