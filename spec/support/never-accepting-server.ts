import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** The server ends by itself after this time, if nobody has stopped it. */
const MAX_LIFE_MS = 10_000;

const PROGRAM = `
  const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    require('node:fs').writeSync(1, String(server.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${MAX_LIFE_MS});
    process.exit();
  });
`;

/** A connection that is not open after this time hangs. */
const CONNECT_MS = 300;

/** A server that is stuck: its system accepts the first connections, and all later ones hang. */
export class NeverAcceptingServer {
  readonly #process: ChildProcess;
  readonly #accepted: Socket[] = [];
  readonly port: number;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  static async start(): Promise<NeverAcceptingServer> {
    const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [port] = await once(child.stdout, 'data');
    const server = new NeverAcceptingServer(child, Number(port));
    await server.#fill();
    return server;
  }

  /** Connects until one connection hangs. */
  async #fill(): Promise<void> {
    for (;;) {
      const socket = connect(this.port, '127.0.0.1').on('error', () => {});
      this.#accepted.push(socket);
      await Promise.race([once(socket, 'connect'), sleep(CONNECT_MS)]);
      if (socket.connecting) return;
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#accepted) socket.destroy();
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }
}
