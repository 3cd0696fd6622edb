import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Works like a database driver: it has one connection, and the answers come in the order of the questions. */
export class Driver {
  readonly #socket: Socket;
  readonly #questions: { resolve: (answer: string) => void; reject: (reason: unknown) => void }[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket
      .on('data', (answer) => this.#questions.shift()?.resolve(String(answer)))
      .on('error', (reason) => {
        for (const { reject } of this.#questions.splice(0)) reject(reason);
      });
  }

  static async connect(port: number): Promise<Driver> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'data');
    return new Driver(socket);
  }

  query(text: string): Promise<string> {
    this.#socket.write(text);
    return new Promise((resolve, reject) => this.#questions.push({ resolve, reject }));
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  destroy(reason: Error): void {
    this.#socket.destroy(reason);
  }
}
