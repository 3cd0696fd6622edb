import { AsyncLocalStorage } from 'node:async_hooks';
import { tracingChannel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { runInThisContext } from 'node:vm';
import { expect } from 'chai';
import { attempts } from '../../lib/deadline/current-attempt.js';
import { DRIVER_CHANNELS } from '../../lib/operations/driver-channels.js';
import { gate } from '../support/gate.js';
import { listen } from '../support/listen.js';
import { namesOf, operationsAfter, timeOutAfter } from '../support/pending.js';

const ignore = (): void => {};

const forever = (): Promise<never> => new Promise(() => {});

type Message = Record<string, unknown>;

const SERVER = { serverAddress: 'db.internal', serverPort: 5000 };

/** Runs code that is in a package, as a driver is. */
const inPackage = (code: string): ((...args: unknown[]) => (...args: unknown[]) => void) =>
  runInThisContext(code, { filename: '/var/task/node_modules/driver/index.js' });

/** Publishes an operation as drivers do that return promises. */
const trace = inPackage(
  `(tracingChannel) => (channel, message, work = () => new Promise(() => {})) => {
    tracingChannel(channel).tracePromise(work, message).catch(() => {});
  }`,
)(tracingChannel) as (channel: string, message: object, work?: () => Promise<unknown>) => void;

/** Sends a command when a connection is open: no code of the user is on the stack. */
const sendFromQueue = inPackage(
  `(trace, server) => (done) => {
    trace('ioredis:command', { command: 'get', ...server });
    done();
  }`,
)(trace, SERVER) as (done: () => void) => void;

/** Asks a pool for a connection when a driver likes to: no code of the user is on the stack. */
const askFromQueue = inPackage(
  `(trace, server) => (done) => {
    trace('mysql2:pool:connect', { ...server });
    done();
  }`,
)(trace, SERVER) as (done: () => void) => void;

/** Publishes an operation as drivers do that call back. Returns the function that calls back. */
const traceCallback = (channel: string, message: object, callback: () => void): (() => void) => {
  let callBack = ignore;
  tracingChannel(channel).traceCallback(
    (done: () => void) => {
      callBack = done;
    },
    0,
    message,
    undefined,
    callback,
  );
  return callBack;
};

/** Lists what is pending after these operations have begun. */
const pendingAfter = (...operations: [channel: string, message: object][]): Promise<string[]> =>
  operationsAfter(() => {
    for (const [channel, message] of operations) trace(channel, message);
    return ignore;
  });

const started = async (work: () => Promise<void> | void): Promise<(string | undefined)[]> => {
  const { pending } = await timeOutAfter(async () => {
    await work();
    return ignore;
  });
  return pending.map(({ startedAt }) => startedAt?.split('\n')[0]?.replace(/ \(.*/, ''));
};

describe('A command of a driver (R30)', () => {
  const names: Record<string, [message: Message, operation: string]> = {
    'ioredis:command': [{ command: 'hget' }, 'HGET redis://db.internal:5000'],
    'ioredis:batch': [{ batchMode: 'MULTI' }, 'MULTI redis://db.internal:5000'],
    'ioredis:connect': [{}, 'connection to db.internal:5000'],
    'node-redis:command': [{ command: 'JSON.GET' }, 'JSON.GET redis://db.internal:5000'],
    'node-redis:batch': [{ batchMode: 'PIPELINE' }, 'PIPELINE redis://db.internal:5000'],
    'node-redis:connect': [{}, 'connection to db.internal:5000'],
    'mysql2:query': [{ query: 'select 1' }, 'SELECT mysql://db.internal:5000'],
    'mysql2:execute': [{ query: 'UPDATE t' }, 'UPDATE mysql://db.internal:5000'],
    'mysql2:connect': [{}, 'connection to db.internal:5000'],
    'mysql2:pool:connect': [{}, 'pool of mysql://db.internal:5000'],
    'mongoose:query': [{ operation: 'findOne' }, 'findOne mongodb://db.internal:5000'],
    'mongoose:aggregate': [{ operation: 'aggregate' }, 'aggregate mongodb://db.internal:5000'],
    'mongoose:model:save': [{ operation: 'save' }, 'save mongodb://db.internal:5000'],
    'mongoose:model:insertMany': [{ operation: 'insertMany' }, 'insertMany mongodb://db.internal:5000'],
    'mongoose:model:bulkWrite': [{ operation: 'bulkWrite' }, 'bulkWrite mongodb://db.internal:5000'],
    'mongoose:cursor:next': [{ operation: 'find' }, 'find mongodb://db.internal:5000'],
    'mssql:query': [{ command: 'SELECT 1' }, 'SELECT mssql://db.internal:5000'],
    'mssql:batch': [{ command: 'SELECT 1' }, 'SELECT mssql://db.internal:5000'],
    'mssql:execute': [{ command: 'GetOrders' }, 'EXECUTE mssql://db.internal:5000'],
    'mssql:connect': [{}, 'connection to db.internal:5000'],
    'mssql:pool:acquire': [{}, 'pool of mssql://db.internal:5000'],
    'pg:query': [{ query: { text: 'SELECT 1' } }, 'SELECT postgresql://db.internal:5000'],
    'pg:connection': [{}, 'connection to db.internal:5000'],
    'pg:pool:connect': [{}, 'pool of postgresql://db.internal:5000'],
    'mongodb:command': [{ commandName: 'find' }, 'find mongodb://db.internal:5000'],
  };

  it('is known on each channel', () => {
    expect(Object.keys(names)).to.have.members(Object.keys(DRIVER_CHANNELS));
  });

  for (const [channel, [message, operation]] of Object.entries(names)) {
    it(`is listed as "${operation}" if it is told on ${channel}`, async () => {
      expect(await pendingAfter([channel, { ...message, ...SERVER }])).to.deep.equal([operation]);
    });

    it(`has no secrets in its name if it is told on ${channel}`, async () => {
      const secrets = {
        args: ['s3cret'],
        values: ['s3cret'],
        parameters: { s3cret: 1 },
        collection: 's3cret',
        database: 's3cret',
        user: 's3cret',
        password: 's3cret',
        url: 'redis://u:s3cret@h',
        query: "SELECT 's3cret' FROM s3cret /* s3cret */",
        command: 'get s3cret',
        operation: 'find s3cret',
        commandName: 's3cret',
        batchMode: 'MULTI s3cret',
      };
      const inServers = [
        SERVER,
        { serverAddress: 'redis://user:s3cret@db.internal:1/s3cret?s3cret', serverPort: 's3cret' },
        { serverAddress: '/var/run/s3cret.sock' },
        { server: 'host/s3cret', port: 's3cret' },
      ];
      for (const server of inServers) {
        const { pending, message: text } = await timeOutAfter(() => {
          trace(channel, { ...secrets, ...server });
          return ignore;
        });
        expect(JSON.stringify([namesOf(pending), text])).not.to.include('s3cret');
      }
    });
  }

  const statements: Record<string, string> = {
    'SELECT * FROM orders': 'SELECT',
    '  \n\tinsert into orders': 'INSERT',
    '/* traceparent=s3cret */ /**/ DELETE FROM orders': 'DELETE',
    '-- s3cret\n# s3cret\n((SELECT 1))': 'SELECT',
    '/* s * 3 / c ** ret **/(\nselect(1)\n)': 'SELECT',
    'WITH s AS (SELECT 1) SELECT 2': 'WITH',
    s3cret: 'command of',
    '-- s3cret': 'command of',
    '# s3cret': 'command of',
    '{call s3cret}': 'command of',
    '/* s3cret': 'command of',
    '': 'command of',
    [`${'/**/'.repeat(50_000)}SELECT 1`]: 'command of',
    [`${'x'.repeat(100)}`]: 'command of',
  };
  for (const [statement, word] of Object.entries(statements)) {
    it(`is named by its first word, if that is one: ${JSON.stringify(statement.slice(0, 40))}`, async () => {
      const before = performance.now();
      const [operation] = await pendingAfter(['mysql2:query', { query: statement, ...SERVER }]);
      expect(operation).to.equal(`${word} mysql://db.internal:5000`);
      expect(performance.now() - before).to.be.below(1000);
    });
  }

  it('names a statement that a driver tells as an object with its text, and no other object', async () => {
    const texts = [{ text: 'SELECT 1' }, { text: 's3cret' }, { sql: 's3cret' }, null, Symbol('s3cret'), 5];
    expect(
      await operationsAfter(() => {
        for (const query of texts) trace('pg:query', { query, ...SERVER });
        return ignore;
      }),
    ).to.deep.equal(
      ['SELECT', ...Array(5).fill('command of')].map((word) => `${word} postgresql://db.internal:5000`),
    );
  });

  it('has no name that is no text', async () => {
    for (const operation of [['s3cret'], true, null, { toString: () => 's3cret' }]) {
      expect(await pendingAfter(['mongoose:query', { operation, ...SERVER }])).to.deep.equal([
        'command of mongodb://db.internal:5000',
      ]);
    }
  });

  it('is not looked at outside of invocations', () => {
    let looks = 0;
    const message = Object.defineProperty({ query: 'SELECT 1' }, 'serverAddress', { get: () => looks++ });
    trace('mysql2:query', message);
    expect(looks).to.equal(0);
  });

  const servers: [Message, string][] = [
    [{ serverAddress: ['s3cret'] }, 'GET redis'],
    [{ serverAddress: ['/s3cret'] }, 'GET redis'],
    [{}, 'GET redis'],
    [{ serverAddress: '/var/run/redis.sock' }, 'GET redis on a local socket'],
    [{ serverAddress: 'cache' }, 'GET redis://cache'],
    [{ serverAddress: '::1', serverPort: 6379 }, 'GET redis://[::1]:6379'],
    [{ client: { host: 'cache', port: 6379 } }, 'GET redis://cache:6379'],
    [{ serverAddress: 'u:p@cache/path', serverPort: 6379 }, 'GET redis'],
    [{ serverAddress: 'cache', serverPort: '6379' }, 'GET redis://cache'],
  ];
  for (const [server, operation] of servers) {
    it(`names its server as far as the driver tells it: ${operation}`, async () => {
      expect(await pendingAfter(['ioredis:command', { command: 'get', ...server }])).to.deep.equal([
        operation,
      ]);
    });
  }

  for (const [channel, scheme] of Object.entries({
    'ioredis:connect': 'redis',
    'node-redis:connect': 'redis',
    'mysql2:connect': 'mysql',
    'mssql:connect': 'mssql',
    'pg:connection': 'postgresql',
  })) {
    it(`is listed as a connection to a local socket while the driver connects to one: ${channel}`, async () => {
      expect(await pendingAfter([channel, { serverAddress: '/s3cret.sock' }])).to.deep.equal([
        `connection to ${scheme} on a local socket`,
      ]);
    });
  }

  const ends: Record<string, (channel: string) => Promise<void>> = {
    'its promise is fulfilled': async (channel) => {
      trace(channel, SERVER, async () => {});
    },
    'its promise is rejected': async (channel) => {
      trace(channel, SERVER, async () => {
        throw new Error('refused');
      });
    },
    'it calls back': async (channel) => traceCallback(channel, SERVER, ignore)(),
    'it throws': async (channel) => {
      const fail = (): never => {
        throw new Error('closed');
      };
      expect(() => trace(channel, { ...SERVER }, fail)).to.throw('closed');
    },
    'it only tells of its end': async (channel) => {
      const { start, asyncEnd } = tracingChannel(channel);
      const message = { ...SERVER };
      start.publish(message);
      asyncEnd.publish(message);
    },
  };
  for (const [end, run] of Object.entries(ends)) {
    it(`is removed from the list as soon as ${end}`, async () => {
      const operations = await operationsAfter(async () => {
        for (const channel of Object.keys(DRIVER_CHANNELS)) await run(channel);
        await sleep(1);
        return ignore;
      });
      expect(operations).to.deep.equal([]);
    });
  }

  it('has ended before its callback runs, however long that takes', async () => {
    expect(
      await operationsAfter(async () => {
        const message = { ...SERVER };
        const isKept = (): boolean => attempts.getStore()?.operations?.find(message) !== undefined;
        const seen: boolean[] = [];
        const callBack = traceCallback('mysql2:query', message, () => seen.push(isKept()));
        seen.push(isKept());
        callBack();
        expect(seen).to.deep.equal([true, false]);
        await new Promise<void>((resolve) => traceCallback('mysql2:query', SERVER, resolve)());
        traceCallback('mysql2:query', { query: 'SELECT 1', ...SERVER }, ignore);
        return ignore;
      }),
    ).to.deep.equal(['SELECT mysql://db.internal:5000']);
  });

  it('says which line has begun it', async () => {
    expect(
      await started(async function ship() {
        trace('ioredis:command', { command: 'get', ...SERVER });
      }),
    ).to.deep.equal(['at ship']);
  });
});

describe('Commands that are sent together (R30)', () => {
  class Pipeline {
    exec(count: number): void {
      for (let index = 0; index < count; index++) trace('ioredis:command', { command: 'get', ...SERVER });
    }
  }

  for (const driver of ['ioredis', 'node-redis']) {
    it(`are one operation if they are told within a batch of ${driver}`, async () => {
      expect(
        await operationsAfter(() => {
          trace(`${driver}:batch`, { batchMode: 'MULTI', ...SERVER }, () => {
            for (const command of ['multi', 'get', 'exec'])
              trace(`${driver}:command`, { command, ...SERVER });
            return forever();
          });
          trace(`${driver}:command`, { command: 'ping', ...SERVER });
          return ignore;
        }),
      ).to.deep.equal(['MULTI redis://db.internal:5000', 'PING redis://db.internal:5000']);
    });
  }

  it('are one operation if they say that they are of a batch', async () => {
    expect(
      await pendingAfter(
        ['node-redis:batch', { batchMode: 'PIPELINE', ...SERVER }],
        ['node-redis:command', { command: 'GET', batchMode: 'PIPELINE', ...SERVER }],
      ),
    ).to.deep.equal(['PIPELINE redis://db.internal:5000']);
  });

  it('are told one by one again if a driver forgets to tell that a batch is sent', async () => {
    expect(
      await operationsAfter(async () => {
        tracingChannel('ioredis:batch').start.publish({ batchMode: 'MULTI', ...SERVER });
        await null;
        trace('ioredis:command', { command: 'get', ...SERVER });
        return ignore;
      }),
    ).to.deep.equal(['MULTI redis://db.internal:5000', 'GET redis://db.internal:5000']);
  });

  it('are one operation if a pipeline sends them, until the last one has ended', async () => {
    const pipelined: Message[] = [];
    const { start, asyncStart, asyncEnd } = tracingChannel('ioredis:command');
    const send = new (class Pipeline {
      exec(): void {
        for (const command of ['get', 'set', 'incr']) {
          const message = { command, ...SERVER };
          pipelined.push(message);
          start.publish(message);
        }
      }
    })();
    const leftAfter = (ended: number): Promise<string[]> =>
      operationsAfter(() => {
        pipelined.length = 0;
        send.exec();
        for (const message of pipelined.slice(0, ended)) {
          asyncStart.publish(message);
          asyncEnd.publish(message);
        }
        return ignore;
      });
    expect(await leftAfter(0)).to.deep.equal(['PIPELINE redis://db.internal:5000']);
    expect(await leftAfter(2)).to.deep.equal(['PIPELINE redis://db.internal:5000']);
    expect(await leftAfter(3)).to.deep.equal([]);
    expect(
      await operationsAfter(() => {
        pipelined.length = 0;
        send.exec();
        for (const message of pipelined.slice(1)) asyncEnd.publish(message);
        return ignore;
      }),
      'the first one has not ended',
    ).to.deep.equal(['PIPELINE redis://db.internal:5000']);
  });

  it('are one operation in a bundle too, whose minifier has renamed the class of pipelines', async () => {
    const client = new (class R {
      sendCommand(command: string): void {
        trace('ioredis:command', { command, ...SERVER });
      }

      get(): void {
        this.sendCommand('get');
      }
    })();
    const send = (command: string): void => client.sendCommand(command);
    const of = new (class P {
      exec(): void {
        for (const command of ['get', 'set']) send(command);
      }

      run(): void {
        for (const command of ['get', 'set']) send(command);
      }
    })();
    const user = new (class U {
      exec(): void {
        client.get();
        client.get();
      }
    })();
    const help = (): void => client.get();
    const helped = new (class H {
      exec(): void {
        help();
        help();
      }
    })();
    const long = new (class Orders {
      exec(): void {
        for (const command of ['get', 'set']) send(command);
      }
    })();
    const pending = (call: () => void): Promise<string[]> =>
      operationsAfter(() => {
        call();
        return ignore;
      });
    expect(await pending(() => of.exec())).to.deep.equal(['PIPELINE redis://db.internal:5000']);
    expect(await pending(() => of.run())).to.have.length(2);
    expect(await pending(() => user.exec())).to.have.length(2);
    expect(await pending(() => helped.exec())).to.have.length(2);
    expect(await pending(() => long.exec())).to.have.length(2);
  });

  it('are none of what another driver is told to send between them', async () => {
    const send = new (class Pipeline {
      exec(): void {
        trace('ioredis:command', { command: 'get', ...SERVER });
        trace('mysql2:query', { query: 'select 1', ...SERVER });
        trace('ioredis:command', { command: 'set', ...SERVER });
      }
    })();
    const operations = await operationsAfter(() => {
      send.exec();
      return ignore;
    });
    expect(operations).to.deep.equal([
      'PIPELINE redis://db.internal:5000',
      'SELECT mysql://db.internal:5000',
    ]);
  });

  it('are none of what was sent in an earlier call', async () => {
    const operations = await operationsAfter(async () => {
      trace('ioredis:command', { command: 'set', ...SERVER });
      await null;
      new Pipeline().exec(1);
      return ignore;
    });
    expect(operations).to.deep.equal(['SET redis://db.internal:5000', 'GET redis://db.internal:5000']);
  });

  it('are of one invocation, also where a pipeline sends those of two', async () => {
    const { start } = tracingChannel('ioredis:command');
    const contexts: ReturnType<typeof AsyncLocalStorage.snapshot>[] = [];
    const send = new (class Pipeline {
      exec(): void {
        for (const run of contexts) run(() => start.publish({ command: 'get', ...SERVER }));
      }
    })();
    const sent = gate();
    const overlapping = Array.from({ length: 2 }, () =>
      operationsAfter(async () => {
        if (contexts.push(AsyncLocalStorage.snapshot()) === 2) {
          send.exec();
          sent.open();
        }
        await sent.opened;
        return ignore;
      }),
    );
    const own = ['GET redis://db.internal:5000'];
    expect(await Promise.all(overlapping)).to.deep.equal([own, own]);
  });

  it('are told by the stack, however many frames the program keeps, and one by one without stacks', async () => {
    const { captureStackTrace, stackTraceLimit } = Error;
    const whileErrorHas = (properties: object): Promise<string[]> =>
      operationsAfter(() => {
        Object.assign(Error, properties);
        new Pipeline().exec(2);
        Object.assign(Error, { captureStackTrace, stackTraceLimit });
        return ignore;
      });
    expect(await whileErrorHas({ stackTraceLimit: 0 })).to.deep.equal(['PIPELINE redis://db.internal:5000']);
    expect(await whileErrorHas({ captureStackTrace: undefined })).to.have.length(2);
  });

  it('are named by the command if a pipeline sends one only, and are listed one by one without a pipeline', async () => {
    expect(
      await operationsAfter(async () => {
        new Pipeline().exec(1);
        await null;
        trace('ioredis:command', { command: 'get', ...SERVER });
        trace('ioredis:command', { command: 'set', ...SERVER });
        return ignore;
      }),
    ).to.deep.equal(['GET', 'GET', 'SET'].map((command) => `${command} redis://db.internal:5000`));
  });
});

describe('A connection of a driver (R30)', () => {
  /** To which no other spec connects. */
  const OWN = { ...SERVER, serverAddress: 'own.internal' };

  it('is not listed where the driver tells what it does over it', async () => {
    const server = createServer((socket) => socket.on('error', ignore).resume());
    const port = await listen(server);
    const told = { serverAddress: '127.0.0.1', serverPort: port };
    const operations = await operationsAfter(async () => {
      const socket = connect(port, '127.0.0.1').on('error', ignore);
      trace('mysql2:query', { query: 'SELECT 1', ...told });
      await once(socket, 'connect');
      socket.write('query');
      const idle = connect(port, '127.0.0.1').on('error', ignore);
      await once(idle, 'connect');
      return () => [socket, idle].map((each) => each.destroy());
    });
    expect(operations).to.deep.equal([`SELECT mysql://127.0.0.1:${port}`]);
    server.close();
  });

  it('is listed where another driver does not tell its server', async () => {
    const path = `/tmp/lambda-graceful-timeout-driver-${process.pid}.sock`;
    const local = createServer((peer) => peer.on('error', ignore).write('greeting')).listen(path);
    await once(local, 'listening');
    const operations = await operationsAfter(async () => {
      trace('mysql2:query', { query: 'select 1' });
      const socket = connect(path);
      await once(socket, 'data');
      return () => socket.destroy();
    });
    expect(operations).to.deep.equal(['SELECT mysql', 'connection to a local socket']);
    local.close();
  });

  it('is listed, once, where the driver tells of no command and the server says nothing', async () => {
    const server = createServer((socket) => socket.on('error', ignore).resume());
    const port = await listen(server);
    const told = { serverAddress: '127.0.0.1', serverPort: port };
    await pendingAfter(['ioredis:command', { command: 'get', ...told }]);
    const operations = await operationsAfter(async () => {
      const socket = connect(port, '127.0.0.1').on('error', ignore);
      await once(socket, 'connect');
      socket.write('handshake');
      const idle = connect(port, '127.0.0.1').on('error', ignore);
      await once(idle, 'connect');
      return () => [socket, idle].map((each) => each.destroy());
    });
    expect(operations).to.deep.equal([`connection to 127.0.0.1:${port}`]);
    server.close();
  });

  it('is not listed if it may be idle, where the driver tells what it does', async () => {
    const server = createServer((socket) => socket.on('error', ignore).resume());
    const port = await listen(server);
    await pendingAfter(['mysql2:query', { query: 'SELECT 1', serverAddress: '127.0.0.1', serverPort: port }]);
    const operations = await operationsAfter(async () => {
      const idle = connect(port, '127.0.0.1').on('error', ignore);
      await once(idle, 'connect');
      return () => idle.destroy();
    });
    expect(operations).to.deep.equal([]);
    server.close();
  });

  it('is named before one that may be idle, while the driver connects', async () => {
    const server = createServer((socket) => socket.on('error', ignore).resume());
    const port = await listen(server);
    const { message } = await timeOutAfter(async () => {
      const idle = connect(port, '127.0.0.1').on('error', ignore);
      await once(idle, 'connect');
      trace('mysql2:connect', { ...SERVER });
      return () => idle.destroy();
    });
    expect(message).to.include('waiting for connection to db.internal:5000 since ');
    server.close();
  });

  it('is listed, and not what the driver itself sends, while it connects', async () => {
    const handshake = ['HELLO', 'client', 'AUTH', 'INFO', 'READONLY', 'select'];
    const operations = [...handshake, 'get'].map((command) => ['ioredis:command', { command, ...SERVER }]);
    expect(
      await pendingAfter(['ioredis:connect', { ...SERVER }], ...(operations as [string, object][])),
    ).to.deep.equal(['connection to db.internal:5000', 'GET redis://db.internal:5000']);
  });

  it('is told of the driver also where it was to connect before the invocation', async () => {
    const { start, asyncEnd } = tracingChannel('ioredis:connect');
    const connecting = [{ ...OWN }, { ...OWN }] as const;
    const infoAfter = (end?: object): Promise<string[]> => {
      if (end) asyncEnd.publish(end);
      return pendingAfter(['ioredis:command', { command: 'info', ...OWN }]);
    };
    for (const message of connecting) start.publish(message);
    expect(await infoAfter()).to.deep.equal([]);
    expect(await infoAfter(connecting[0])).to.deep.equal([]);
    expect(await infoAfter(connecting[1])).to.deep.equal(['INFO redis://own.internal:5000']);
  });

  it('ends once, though a driver tells that it has failed and that it has ended', async () => {
    const server = { serverAddress: 'twice.internal', serverPort: 5000 };
    const { start, error, asyncEnd } = tracingChannel('ioredis:connect');
    const connecting = [{ ...server }, { ...server }] as const;
    for (const message of connecting) start.publish(message);
    error.publish(connecting[0]);
    asyncEnd.publish(connecting[0]);
    expect(await pendingAfter(['ioredis:command', { command: 'info', ...server }])).to.deep.equal([]);
    asyncEnd.publish(connecting[1]);
  });

  it('is not what a command is, beside which the user may send any other', async () => {
    expect(
      await pendingAfter(
        ['ioredis:command', { command: 'get', ...OWN }],
        ['ioredis:command', { command: 'info', ...OWN }],
      ),
    ).to.deep.equal(['GET redis://own.internal:5000', 'INFO redis://own.internal:5000']);
  });

  it('leaves the user the commands that a driver sends while it connects', async () => {
    const operations = await operationsAfter(async () => {
      trace('ioredis:connect', { ...SERVER, serverPort: 1 }, async () => {});
      trace('ioredis:connect', { ...SERVER, serverPort: 1 }, async () => {});
      await sleep(1);
      trace('ioredis:command', { command: 'info', ...SERVER, serverPort: 1 });
      return ignore;
    });
    expect(operations).to.deep.equal(['INFO redis://db.internal:1']);
  });

  it('is listed beside a pool that has not opened it', async () => {
    expect(
      await pendingAfter(['mysql2:pool:connect', { ...SERVER }], ['mysql2:connect', { ...SERVER }]),
    ).to.deep.equal(['pool of mysql://db.internal:5000', 'connection to db.internal:5000']);
  });

  it('is listed instead of its pool if the pool opens one, and then the command', async () => {
    const connecting = { ...SERVER };
    const pool = { ...SERVER };
    const query = { query: 'SELECT 1', ...SERVER };
    const begin = (): (() => void) => {
      let callBack = ignore;
      tracingChannel('mysql2:pool:connect').traceCallback(
        (done: () => void) => {
          callBack = done;
          tracingChannel('mysql2:connect').start.publish(connecting);
        },
        0,
        pool,
        undefined,
        () => trace('mysql2:query', query),
      );
      return callBack;
    };
    expect(
      await operationsAfter(() => {
        begin();
        return ignore;
      }),
    ).to.deep.equal(['connection to db.internal:5000']);
    expect(
      await operationsAfter(() => {
        const connected = begin();
        tracingChannel('mysql2:connect').asyncEnd.publish(connecting);
        connected();
        return ignore;
      }),
    ).to.deep.equal(['SELECT mysql://db.internal:5000']);
  });
});

describe('A command that had to wait (R30)', () => {
  it('for a pool says which line has asked the pool, and since when it is at work', async () => {
    // As a driver: no line of the user is on the stack when a connection gets free.
    const later = (code: () => void): Promise<void> =>
      new Promise((resolve) => {
        setImmediate(() => {
          code();
          resolve();
        });
      });
    const { pending } = await timeOutAfter(async function ship() {
      const free = traceCallback('mysql2:pool:connect', { ...SERVER }, () =>
        trace('mysql2:query', { query: 'SELECT 1', ...SERVER }),
      );
      await sleep(50);
      await later(free);
      return ignore;
    });
    expect(namesOf(pending)).to.deep.equal(['SELECT mysql://db.internal:5000']);
    expect(pending[0]?.sinceMs).to.be.below(40);
  });

  it('for a pool belongs to who has waited, not to who has set a connection free', async () => {
    let free = ignore;
    const waiting = timeOutAfter(async () => {
      free = traceCallback('mysql2:pool:connect', { ...SERVER }, () =>
        trace('mysql2:query', { query: 'SELECT 1', ...SERVER }),
      );
      await sleep(100);
      return ignore;
    });
    const other = operationsAfter(async () => {
      await sleep(20);
      free();
      trace('mysql2:query', { query: 'UPDATE t', ...SERVER });
      return ignore;
    });
    expect(await other).to.deep.equal(['UPDATE mysql://db.internal:5000']);
    expect(namesOf((await waiting).pending)).to.deep.equal(['SELECT mysql://db.internal:5000']);
  });

  it('for a connection that the invocation has opened says which line has done that', async () => {
    const frames = await started(async function ship() {
      trace('ioredis:connect', { ...SERVER });
      await new Promise<void>((resolve) => setImmediate(sendFromQueue, resolve));
    });
    expect(frames).to.deep.equal(['at ship', 'at ship']);
  });

  const outside = AsyncLocalStorage.snapshot();

  it('says nothing of a line that has done something else', async () => {
    const frames = await started(async function ship() {
      trace('mysql2:query', { query: 'SELECT 1', ...SERVER });
      await new Promise<void>((resolve) => setImmediate(sendFromQueue, resolve));
    });
    expect(frames).to.have.length(2);
    expect(frames[0]).to.equal('at ship');
    expect(frames[1]).not.to.equal('at ship');
  });

  it('for the connection of nobody belongs to the only invocation, if no code of a user sends it', async () => {
    const operations = await operationsAfter(async () => {
      await new Promise<void>((resolve) => outside(() => setImmediate(sendFromQueue, resolve)));
      outside(() => trace('ioredis:command', { command: 'set', ...SERVER }));
      return ignore;
    });
    expect(operations).to.deep.equal(['GET redis://db.internal:5000']);
  });

  it('for the connection of nobody is listed where the code of the driver looks like the user’s, in a bundle', async () => {
    const { start } = tracingChannel('ioredis:command');
    const publish = (command: string): void => start.publish({ command, ...SERVER });
    let afterItsEnd = (_code: () => void): void => {};
    await operationsAfter(() => {
      afterItsEnd = AsyncLocalStorage.snapshot();
      return ignore;
    });
    const operations = await operationsAfter(() => {
      outside(() => publish('get'));
      afterItsEnd(() => publish('set')); // may be of what that invocation has left behind
      return ignore;
    });
    expect(operations).to.deep.equal(['GET redis://db.internal:5000']);
  });

  it('for a pool that code of nobody has asked is not listed', async () => {
    const operations = await operationsAfter(async () => {
      await new Promise<void>((resolve) => outside(() => setImmediate(askFromQueue, resolve)));
      return ignore;
    });
    expect(operations).to.deep.equal([]);
  });

  it('for the connection of nobody belongs to nobody while invocations overlap', async () => {
    const overlapping = Array.from({ length: 2 }, () =>
      operationsAfter(async () => {
        await sleep(10);
        await new Promise<void>((resolve) => outside(() => setImmediate(sendFromQueue, resolve)));
        return ignore;
      }),
    );
    expect(await Promise.all(overlapping)).to.deep.equal([[], []]);
  });
});
