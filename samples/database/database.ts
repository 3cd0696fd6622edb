import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { type Connection, createServer } from 'mysql2';

/** The flags of a server that a client may use: all but those for compression and TLS. */
const CAPABILITIES = 0xffffff ^ 0x20 ^ 0x800;

/** The methods of a connection on the side of the server, which mysql2 does not declare. */
interface ServerConnection extends Connection {
  serverHandshake(options: object): void;
  writeOk(): void;
  /** The number of the next packet. It begins anew with each statement. */
  sequenceId: number;
  stream: Socket;
}

/** Stands in for a database: it speaks the protocol of MySQL, and answers each statement with OK. */
export class Database {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isLocked = false;

  private constructor() {
    const server = createServer((connection) => this.#serve(connection as ServerConnection));
    this.#server = (server as unknown as { _server: Server })._server;
  }

  static async start(): Promise<Database> {
    const database = new Database();
    await once(database.#server.listen(0, '127.0.0.1'), 'listening');
    return database;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on no `UPDATE` is answered, as while another transaction holds the lock of its row. */
  lock(): void {
    this.#isLocked = true;
  }

  unlock(): void {
    this.#isLocked = false;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #serve(connection: ServerConnection): void {
    this.#sockets.add(connection.stream);
    connection.on('error', () => {}); // the client has gone
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: 'sample',
      connectionId: 1,
      statusFlags: 2,
      characterSet: 8,
      capabilityFlags: CAPABILITIES,
      authCallback(_login: unknown, answer: (error: null) => void) {
        answer(null);
        connection.sequenceId = 0;
      },
    });
    connection.on('query', (statement: string) => {
      if (this.#isLocked && statement.startsWith('UPDATE')) return;
      connection.sequenceId = 1;
      connection.writeOk();
      connection.sequenceId = 0;
    });
  }
}
