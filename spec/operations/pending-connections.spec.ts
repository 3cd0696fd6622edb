import { type ChildProcess, exec, execFile, spawn } from 'node:child_process';
import { channel } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import net, { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import pg from 'pg';
import { attempts } from '../../lib/deadline/current-attempt.js';
import { listen } from '../support/listen.js';
import { NeverAcceptingServer } from '../support/never-accepting-server.js';
import { type CleanUp, namesOf, operationsAfter, timeOutAfter } from '../support/pending.js';

/** Node 20 reports only the sockets that `net.connect()` and `net.createConnection()` make. */
const tellsOfAllSockets = !/^v20\./.test(process.version);

const ignore = (): void => {};

const none: CleanUp = ignore;

describe('A connection (R30)', () => {
  let server: Server;
  let port: number;
  const accepted: Socket[] = [];

  beforeEach(async () => {
    server = createServer((socket) => accepted.push(socket.on('error', ignore).resume()));
    port = await listen(server);
  });

  afterEach(() => {
    for (const socket of accepted) socket.destroy();
    server.close();
  });

  const openTo = (host: string): Socket => net.connect(port, host).on('error', ignore);

  it('is listed by the address of its peer', async () => {
    const operations = await operationsAfter(async () => {
      const socket = openTo('127.0.0.1');
      await once(socket, 'connect');
      return () => socket.destroy();
    });
    expect(operations).to.deep.equal([`connection to 127.0.0.1:${port}`]);
  });

  it('is listed by the name that it was opened with', async () => {
    const operations = await operationsAfter(async () => {
      const socket = openTo('localhost');
      await once(socket, 'connect');
      return () => socket.destroy();
    });
    expect(operations).to.deep.equal([`connection to localhost:${port}`]);
  });

  it('is listed if it is opened in the call in which undici opens its own, after that, or in a later one', async () => {
    const beforeConnect = channel('undici:client:beforeConnect');
    const operations = await operationsAfter(async () => {
      beforeConnect.publish({});
      await null;
      const later = openTo('127.0.0.1');
      beforeConnect.publish({});
      const sockets = [later, openTo('127.0.0.1'), openTo('127.0.0.1')];
      await Promise.all(sockets.map((socket) => once(socket, 'connect')));
      return () => {
        for (const socket of sockets) socket.destroy();
      };
    });
    expect(operations).to.deep.equal(Array(2).fill(`connection to 127.0.0.1:${port}`));
  });

  it('is listed while it is being opened', async () => {
    const stuck = await NeverAcceptingServer.start();
    const operations = await operationsAfter(async () => {
      const socket = net.connect(stuck.port, '127.0.0.1').on('error', ignore);
      await sleep(10);
      return () => socket.destroy();
    });
    expect(operations).to.deep.equal([`connection to 127.0.0.1:${stuck.port}`]);
    await stuck.stop();
  });

  it('is listed without its port while its name is being looked up', async () => {
    const operations = await operationsAfter(() => {
      const socket = net.connect({ host: 'db.internal', port: 5432, lookup: ignore });
      return () => socket.destroy();
    });
    expect(operations).to.deep.equal(['connection to db.internal']);
  });

  it('is listed without its path if it is a local socket', async () => {
    const path = `/tmp/lambda-graceful-timeout-${process.pid}.sock`;
    const local = createServer((socket) => accepted.push(socket)).listen(path);
    await once(local, 'listening');
    const operations = await operationsAfter(async () => {
      const socket = net.connect(path);
      await once(socket, 'connect');
      return () => socket.destroy();
    });
    expect(operations).to.deep.equal(['connection to a local socket']);
    local.close();
  });

  it('is not listed while it is being opened to a local socket, whose path is not told', async () => {
    const socket = Object.assign(new EventEmitter(), { connecting: true });
    const operations = await operationsAfter(() => {
      channel('net.client.socket').publish({ socket });
      socket.emit('connectionAttempt', '/tmp/db.sock');
      return none;
    });
    expect(operations).to.deep.equal([]);
  });

  it('is listed during its TLS handshake', async () => {
    const operations = await operationsAfter(async () => {
      const socket = tls.connect(port, '127.0.0.1').on('error', ignore);
      await sleep(20);
      return () => socket.destroy();
    });
    expect(operations).to.deep.equal(tellsOfAllSockets ? [`connection to 127.0.0.1:${port}`] : []);
  });

  const ends: Record<string, () => Promise<unknown>> = {
    'is destroyed': async () => {
      const socket = openTo('127.0.0.1');
      await once(socket, 'connect');
      socket.destroy();
    },
    'is ended by its peer': async () => {
      const socket = openTo('127.0.0.1').resume();
      await once(socket, 'connect');
      while (accepted.length === 0) await sleep(1);
      for (const other of accepted) other.end();
      await once(socket, 'close');
    },
    'is refused': () => once(net.connect(2, '127.0.0.1'), 'close').catch(ignore),
    'fails to start': async () => {
      expect(() => net.connect({ port: 70_000 })).to.throw(RangeError);
    },
  };
  for (const [end, run] of Object.entries(ends)) {
    it(`is removed from the list as soon as it ${end}`, async () => {
      accepted.length = 0;
      const operations = await operationsAfter(async () => {
        await run();
        return none;
      });
      expect(operations).to.deep.equal([]);
    });
  }

  it('has listeners of this package once, however often it is connected before it has closed', async () => {
    const socket = new net.Socket().on('error', ignore);
    const listeners = (): number[] =>
      ['close', 'connect', 'connectionAttempt'].map((event) => socket.listenerCount(event));
    const counts: number[][] = [];
    let closes = 0;
    const count = (): void => {
      closes++;
    };
    socket.on('close', count);
    await operationsAfter(async () => {
      for (let connects = 0; connects < 3; connects++) {
        socket.connect(port, '127.0.0.1');
        counts.push(listeners());
        socket.destroy();
      }
      return ignore;
    });
    expect(counts[2]).to.deep.equal(counts[0]);
    while (closes < 3) await sleep(1);
    socket.off('close', count);
    expect(listeners()).to.deep.equal([0, 0, 0]);
  });

  it('has no listeners of this package after it has closed, or outside an invocation', async () => {
    const openAndClose = async (socket: Socket): Promise<number[]> => {
      const closed = once(socket, 'close');
      await once(socket, 'connect');
      const open = socket.listenerCount('connectionAttempt');
      socket.destroy();
      await closed;
      return [open, socket.listenerCount('connectionAttempt')];
    };
    let inside: number[] = [];
    await operationsAfter(async () => {
      inside = await openAndClose(openTo('127.0.0.1'));
      return none;
    });
    expect(inside).to.deep.equal([1, 0]);
    expect(await openAndClose(openTo('127.0.0.1'))).to.deep.equal([0, 0]);
  });

  it('has no more listeners however often it is refused and connects again', async () => {
    const listeners: unknown[] = [];
    await operationsAfter(() => {
      const socket = new EventEmitter();
      for (let round = 0; round < 3; round++) {
        channel('net.client.socket').publish({ socket });
        listeners.push(['connect', 'close', 'connectionAttempt'].map((event) => socket.listenerCount(event)));
        socket.emit('close');
      }
      listeners.push(socket.eventNames());
      return none;
    });
    expect(listeners).to.deep.equal([[1, 1, 1], [1, 1, 1], [1, 1, 1], []]);
  });

  it('is forgotten as soon as it has closed', async () => {
    let begun: unknown[] = [];
    await operationsAfter(() => {
      const operations = attempts.getStore()?.operations;
      const socket = new EventEmitter();
      channel('net.client.socket').publish({ socket });
      begun = [operations?.find(socket) !== undefined];
      socket.emit('close');
      begun.push(operations?.find(socket));
      return none;
    });
    expect(begun).to.deep.equal([true, undefined]);
  });

  it('is not listed if it was opened before the invocation', async () => {
    const socket = openTo('127.0.0.1');
    await once(socket, 'connect');
    expect(await operationsAfter(() => none)).to.deep.equal([]);
    socket.destroy();
  });

  it('is listed if ioredis opens it', async () => {
    const operations = await operationsAfter(async () => {
      const redis = new Redis({ host: '127.0.0.1', port, retryStrategy: null, enableReadyCheck: false });
      redis.on('error', ignore);
      redis.get('key').catch(ignore);
      await sleep(20);
      return () => redis.disconnect();
    });
    expect(operations).to.deep.equal([`connection to 127.0.0.1:${port}`]);
  });

  it('is listed if pg opens it', async () => {
    const operations = await operationsAfter(async () => {
      const client = new pg.Client({
        host: '127.0.0.1',
        port,
        user: 'u53r',
        password: 'pa55',
        database: 'd4ta',
      });
      client.on('error', ignore).connect().catch(ignore);
      await sleep(20);
      return () => client.end().catch(ignore);
    });
    expect(operations).to.deep.equal(tellsOfAllSockets ? [`connection to 127.0.0.1:${port}`] : []);
  });
});

describe('A child process (R30)', () => {
  const ending =
    (child: ChildProcess): CleanUp =>
    () =>
      child.kill('SIGKILL');

  const forever = ['-e', 'setInterval(() => {}, 1000)', 's3cret'];
  const kinds: Record<string, [begin: () => ChildProcess, name: string]> = {
    'spawn()': [() => spawn(process.execPath, forever), 'node'],
    'execFile()': [() => execFile(process.execPath, forever, ignore), 'node'],
    'exec()': [() => exec('sleep 10 # s3cret', ignore), 'sh'],
  };
  for (const [kind, [begin, name]] of Object.entries(kinds)) {
    it(`is listed only by its name: ${kind}`, async () => {
      expect(await operationsAfter(() => ending(begin()))).to.deep.equal([`child process ${name}`]);
    });
  }

  for (const [how, script, signal, isDone] of [
    ['before what may be idle while it runs', 'sleep 10 & echo $!; wait', undefined, false],
    [
      'after all else once it has exited, though it has left its pipes to another one',
      'sleep 10 & echo $!',
      undefined,
      true,
    ],
    [
      'after all else once it was killed, though the other one goes on',
      'sleep 10 & echo $!; wait',
      'SIGKILL',
      true,
    ],
  ] as const) {
    it(`is named ${how}`, async () => {
      const server = createServer((socket) => socket.on('error', ignore).resume());
      const port = await listen(server);
      const error = await timeOutAfter(async () => {
        const child = spawn('sh', ['-c', script]);
        const exited = once(child, 'exit');
        const [id] = await once(child.stdout, 'data');
        if (signal) child.kill(signal);
        if (isDone) await exited;
        const socket = net.connect(port, '127.0.0.1').on('error', ignore);
        socket.write('a question');
        await sleep(50);
        return () => {
          process.kill(Number(id));
          child.kill('SIGKILL');
          socket.destroy();
        };
      });
      const names = ['child process sh', `connection to 127.0.0.1:${port}`];
      expect(namesOf(error.pending)).to.deep.equal(names);
      expect(error.message).to.include(`waiting for ${names[Number(isDone)]} since`);
      server.close();
    });
  }

  const ends: Record<string, () => Promise<unknown>> = {
    ends: () => once(spawn(process.execPath, ['-e', '']), 'close'),
    'is killed': async () => {
      const child = spawn(process.execPath, forever);
      child.kill('SIGKILL');
      await once(child, 'close');
    },
    'is not found': () => once(spawn('/no/such/program'), 'close').catch(ignore),
    'fails to start': async () => {
      expect(() => spawn('true', ['x'.repeat(4_000_000)])).to.throw(/E2BIG/);
    },
  };
  for (const [end, run] of Object.entries(ends)) {
    it(`is removed from the list as soon as it ${end}`, async () => {
      const operations = await operationsAfter(async () => {
        await run();
        return none;
      });
      expect(operations).to.deep.equal([]);
    });
  }
});
