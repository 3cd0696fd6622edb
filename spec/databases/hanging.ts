import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Said, Task } from './program.js';
import { DatabaseServer, type Ports, type ServerName } from './servers.js';

const PROGRAM = fileURLToPath(new URL('program.js', import.meta.url));

/** On Node 20 no channel tells of the sockets of pg. */
export const tellsOfAllSockets = !/^v20\./.test(process.version);

/** What is expected of a call that hangs, and of which line of the clients it is. */
export interface Hanging {
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

export const calls: Record<string, Hanging> = {
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

/** Whether Node tells of a call. */
export const isTold = (name: string): boolean => tellsOfAllSockets || !name.startsWith('pg ');

/** The servers of a suite. */
export interface Servers {
  readonly ports: Ports;
  /**
   * Runs a client in a process of its own.
   *
   * @param frozen - the server that is frozen just before the call that hangs
   */
  run(task: Partial<Task>, frozen?: ServerName | false): Promise<Said[]>;
}

/** Starts servers for the specs of a suite, and stops them after these. */
export function useServers(): Servers {
  const servers = {} as Record<ServerName, DatabaseServer>;
  const ports = {} as Record<ServerName, number>;

  before(async () => {
    for (const name of ['postgresql', 'mariadb', 'redis'] as const) {
      servers[name] = await DatabaseServer.start(name);
      ports[name] = servers[name].port;
    }
  });

  after(async () => {
    for (const server of Object.values(servers)) await server.stop();
  });

  const run: Servers['run'] = async (task, frozen) => {
    const whole = {
      ports,
      earlier: 0,
      atOnce: 1,
      isSignalled: frozen !== undefined && frozen !== false,
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
  };
  return { ports, run };
}

/** Expects a timeout to name a call, and to tell nothing of what the client has sent. */
export function expectNamed(
  { message, pending }: Said,
  { operation, line }: Hanging,
  ports: Ports,
  hasLine = true,
): void {
  expect(message).to.include(`waiting for ${operation(ports)} since `);
  const named = pending.filter((one) => one.operation === operation(ports));
  expect(named).not.to.deep.equal([]);
  if (hasLine && line) expect(named[0]?.startedAt).to.match(line);
  expect(JSON.stringify(pending)).not.to.match(/k3y|v4lue|l1st|shop|root|c0mment/);
}
