import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Said, Task } from './program.js';
import { DatabaseServer, type Ports, type ServerName } from './servers.js';

const PROGRAM = fileURLToPath(new URL('program.js', import.meta.url));

/** On Node 20 no channel tells of the sockets of pg. */
const tellsOfAllSockets = !/^v20\./.test(process.version);

describe('What hangs at a real server (R30)', function () {
  this.timeout(60_000);
  const servers = {} as Record<ServerName, DatabaseServer>;
  let ports: Ports;

  before(async () => {
    for (const name of ['postgresql', 'mariadb', 'redis'] as const)
      servers[name] = await DatabaseServer.start(name);
    ports = {
      postgresql: servers.postgresql.port,
      mariadb: servers.mariadb.port,
      redis: servers.redis.port,
    };
  });

  after(async () => {
    for (const server of Object.values(servers)) await server.stop();
  });

  /**
   * Runs a client in a process of its own.
   *
   * @param frozen - the server that is frozen just before the call that hangs
   */
  async function run(task: Partial<Task>, frozen?: ServerName): Promise<Said[]> {
    const whole = {
      ports,
      earlier: 0,
      atOnce: 1,
      isSignalled: frozen !== undefined,
      inWorker: false,
      ...task,
    };
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify(whole)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const said: Said[] = [];
    for await (const line of createInterface(child.stdout)) {
      if (line !== 'ready') said.push(JSON.parse(line));
      else {
        if (frozen) servers[frozen].freeze();
        child.stdin.write('go\n');
      }
    }
    if (frozen) servers[frozen].thaw();
    expect(await ended).to.deep.equal([0, null]);
    return said;
  }

  /** What is expected of a call that hangs, and of which line of the clients it is. */
  interface Hanging {
    readonly server: ServerName;
    readonly operation: (ports: Ports) => string;
    readonly line?: RegExp;
    readonly isFrozen?: true;
    /** Whether the driver tells nothing of it in the first invocation, but of its connection. */
    readonly isQueuedWhenCold?: true;
  }

  const connection =
    (server: ServerName) =>
    (all: Ports): string =>
      `connection to 127.0.0.1:${all[server]}`;
  const mysql =
    (what: string) =>
    (all: Ports): string =>
      `${what} mysql://127.0.0.1:${all.mariadb}`;
  const redis =
    (what: string) =>
    (all: Ports): string =>
      `${what} redis://127.0.0.1:${all.redis}`;

  const calls: Record<string, Hanging> = {
    'pg query': { server: 'postgresql', operation: connection('postgresql') },
    'pg lockedRow': { server: 'postgresql', operation: connection('postgresql') },
    'mysql2 query': { server: 'mariadb', operation: mysql('SELECT'), line: /slowQuery/ },
    'mysql2 statement': { server: 'mariadb', operation: mysql('SELECT'), line: /slowStatement/ },
    'mysql2 lockedRow': { server: 'mariadb', operation: mysql('UPDATE'), line: /lockedRow/ },
    'mysql2 exhaustedPool': { server: 'mariadb', operation: mysql('pool of'), line: /exhaustedPool/ },
    'ioredis query': {
      server: 'redis',
      operation: redis('BLPOP'),
      line: /slowCommand/,
      isQueuedWhenCold: true,
    },
    'ioredis ownConnection': { server: 'redis', operation: redis('BLPOP'), line: /ownConnection/ },
    'ioredis get': { server: 'redis', operation: redis('GET'), line: /slowGet/, isFrozen: true },
    'ioredis pipeline': {
      server: 'redis',
      operation: redis('PIPELINE'),
      line: /slowPipeline/,
      isFrozen: true,
    },
    'ioredis transaction': {
      server: 'redis',
      operation: redis('MULTI'),
      line: /slowTransaction/,
      isFrozen: true,
    },
    'node-redis query': { server: 'redis', operation: redis('BLPOP'), line: /slowCommand/ },
    'node-redis get': { server: 'redis', operation: redis('GET'), line: /slowGet/, isFrozen: true },
    'node-redis pipeline': {
      server: 'redis',
      operation: redis('PIPELINE'),
      line: /slowPipeline/,
      isFrozen: true,
    },
    'node-redis transaction': {
      server: 'redis',
      operation: redis('MULTI'),
      line: /slowTransaction/,
      isFrozen: true,
    },
  };

  for (const [name, { server, operation, line, isFrozen, isQueuedWhenCold }] of Object.entries(calls)) {
    const [client = '', call = ''] = name.split(' ');
    if (client === 'pg' && !tellsOfAllSockets) continue;

    const expectNamed = ({ message, pending }: Said, hasLine: boolean): void => {
      expect(message).to.include(`waiting for ${operation(ports)} since `);
      const named = pending.filter((one) => one.operation === operation(ports));
      expect(named).not.to.deep.equal([]);
      if (hasLine && line) expect(named[0]?.startedAt).to.match(line);
      expect(JSON.stringify(pending)).not.to.match(/k3y|v4lue|l1st|shop|root|c0mment/);
    };

    for (const inWorker of [false, true]) {
      const thread = inWorker ? 'a worker thread' : 'the main thread';

      it(`is named in a later invocation: ${name}, on ${thread}`, async () => {
        const [said] = await run(
          { client, call, earlier: 2, inWorker: inWorker && !isFrozen },
          isFrozen && server,
        );
        expectNamed(said as Said, true);
      });
    }

    if (!isFrozen) {
      it(`is named in the first invocation: ${name}`, async () => {
        const [said] = await run({ client, call });
        expectNamed(said as Said, !isQueuedWhenCold);
      });
    }

    // The others keep something from each other, or Node does not tell whose they are.
    if (client === 'pg' || /exhausted|locked|own/i.test(call)) continue;

    it(`is named in sixty that overlap, and only in those that wait for it: ${name}`, async () => {
      const all = await run({ client, call, earlier: 1, atOnce: 60 }, isFrozen && server);
      expect(all).to.have.lengthOf(60);
      for (const [index, said] of all.entries()) {
        if (index % 2 === 0) expectNamed(said, true);
        else expect(said.pending).to.deep.equal([]);
      }
    });
  }

  it('is blamed on no connection of another invocation while sixty queries of pg overlap', async () => {
    const all = await run({ client: 'pg', call: 'query', earlier: 1, atOnce: 60 });
    for (const { pending } of all) expect(pending).to.deep.equal([]);
  });

  for (const client of ['pg', 'mysql2', 'ioredis', 'node-redis']) {
    it(`is never blamed on an idle connection: ${client}`, async () => {
      const [said] = await run({ client, call: 'nothing', earlier: 2 });
      expect(said?.pending).to.deep.equal([]);
      expect(said?.message).not.to.include('waiting');
    });
  }

  for (const [client, server] of Object.entries({
    pg: 'postgresql',
    mysql2: 'mariadb',
    'node-redis': 'redis',
  } as const)) {
    if (client === 'pg' && !tellsOfAllSockets) continue;
    it(`is named as the connection or the command while a server accepts connections and says nothing: ${client}`, async () => {
      const [said] = await run({ client, call: client === 'node-redis' ? 'get' : 'query' }, server);
      expect(said?.message).to.match(
        new RegExp(`waiting for (connection to |GET redis://)127.0.0.1:${ports[server]} `),
      );
    });
  }
});
