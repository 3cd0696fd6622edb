import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';

/** The user `nobody`, since PostgreSQL does not run as root. */
const NOBODY = 65534;
const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

const HOST = '127.0.0.1';
const START_MS = 30_000;

export type ServerName = 'postgresql' | 'mariadb' | 'redis';

export type Ports = Readonly<Record<ServerName, number>>;

/** A database server of Debian's packages, on a free port of this machine, with an empty database in a folder of its own. */
export class DatabaseServer {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(process: ChildProcess, port: number, folder: string) {
    this.#process = process;
    this.port = port;
    this.#folder = folder;
  }

  static async start(name: ServerName): Promise<DatabaseServer> {
    const folder = mkdtempSync(join(tmpdir(), `${name}-`));
    chmodSync(folder, 0o700);
    if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
    const port = await freePort();
    const [command, args] = COMMANDS[name](folder, port);
    const server = new DatabaseServer(
      spawn(command, args, { ...user, stdio: 'ignore', cwd: folder }),
      port,
      folder,
    );
    const until = performance.now() + START_MS;
    for (;;) {
      try {
        await PINGS[name](port);
        return server;
      } catch (error) {
        if (performance.now() > until) throw error;
        await sleep(50);
      }
    }
  }

  /** Stops the process. Its system still accepts connections, and nothing ever comes over them. */
  freeze(): void {
    this.#process.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.thaw();
    this.#process.kill('SIGKILL');
    await gone;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

const run = (command: string, args: string[], cwd: string): void => {
  execFileSync(command, args, { ...user, cwd, stdio: 'ignore' });
};

/** Debian puts the programs of PostgreSQL into a folder for each version. */
function postgresFolder(): string {
  const [version] = readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a));
  return `/usr/lib/postgresql/${version}/bin`;
}

const COMMANDS: Record<ServerName, (folder: string, port: number) => [string, string[]]> = {
  postgresql(folder, port) {
    const programs = postgresFolder();
    run(`${programs}/initdb`, ['-D', `${folder}/data`, '-A', 'trust', '-U', 'app'], folder);
    return [
      `${programs}/postgres`,
      [
        '-D',
        `${folder}/data`,
        '-p',
        String(port),
        '-h',
        HOST,
        '-k',
        folder,
        '-c',
        'fsync=off',
        '-c',
        'max_connections=100',
      ],
    ];
  },
  mariadb(folder, port) {
    const data = `--datadir=${folder}/data`;
    run('mariadb-install-db', ['--no-defaults', data, '--auth-root-authentication-method=normal'], folder);
    return [
      '/usr/sbin/mariadbd',
      ['--no-defaults', data, `--port=${port}`, `--bind-address=${HOST}`, `--socket=${folder}/mariadb.sock`],
    ];
  },
  redis: (_folder, port) => ['redis-server', ['--port', String(port), '--bind', HOST, '--save', '']],
};

/** Connects as each user does, and makes what the programs of the specs need. */
const PINGS: Record<ServerName, (port: number) => Promise<void>> = {
  async postgresql(port) {
    const client = new pg.Client({ host: HOST, port, user: 'app', database: 'postgres' });
    await client.connect();
    await client.query('CREATE TABLE IF NOT EXISTS orders AS SELECT 1 AS id');
    await client.end();
  },
  async mariadb(port) {
    const client = await createConnection({ host: HOST, port, user: 'root' });
    await client.query('CREATE DATABASE IF NOT EXISTS shop');
    await client.query('CREATE OR REPLACE TABLE shop.orders (id INT PRIMARY KEY) ENGINE=InnoDB');
    await client.query('INSERT INTO shop.orders VALUES (1)');
    await client.end();
  },
  async redis(port) {
    const client = new Redis({ host: HOST, port, lazyConnect: true, retryStrategy: null });
    client.on('error', () => {});
    await client.connect();
    client.disconnect();
  },
};
