import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { GracefulTimeout } from '../../lib/index.js';
import { openConnections } from '../../lib/operations/open-connections.js';
import { Operations } from '../../lib/operations/operations.js';
import { Tracker } from '../../lib/operations/tracker.js';
import { StackBudget } from '../../lib/report/stack-budget.js';
import { sharedSymbol } from '../../lib/shared.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { listen } from '../support/listen.js';
import { namesOf, operationsAfter, timeOutAfter } from '../support/pending.js';
import { RecordingLogger } from '../support/recording-logger.js';

const ignore = (): void => {};

describe('A connection that was open before the invocation (R30)', () => {
  let server: Server;
  let name: string;
  let socket: Socket;
  const accepted: Socket[] = [];

  const open = async (): Promise<Socket> => {
    const opened = connect((server.address() as AddressInfo).port, '127.0.0.1')
      .on('error', ignore)
      .resume();
    await once(opened, 'connect');
    return opened;
  };

  beforeEach(async () => {
    server = createServer((peer) => accepted.push(peer.on('error', ignore).resume()));
    name = `connection to 127.0.0.1:${await listen(server)}`;
    socket = await open();
    socket.write('handshake');
    await sleep(10);
  });

  afterEach(() => {
    socket.destroy();
    for (const peer of accepted.splice(0)) peer.destroy();
    server.close();
  });

  const send = async (): Promise<() => void> => {
    socket.write('query');
    await sleep(10);
    return ignore;
  };

  it('is listed if something was sent over it in the only invocation, since that began, without a line', async () => {
    await sleep(300);
    const { pending, message } = await timeOutAfter(send);
    expect(pending).to.deep.equal([{ operation: name, sinceMs: pending[0]?.sinceMs }]);
    expect(pending[0]?.sinceMs).to.be.within(5, 299);
    expect(message).to.include(`waiting for ${name} since `);
  });

  it('is not listed if it is idle, or if something has only come over it', async () => {
    const operations = await operationsAfter(async () => {
      for (const peer of accepted) peer.write('a message of the server');
      await sleep(10);
      return ignore;
    });
    expect(operations).to.deep.equal([]);
  });

  it('is not listed in the next invocation, or if it has closed', async () => {
    expect(await operationsAfter(send)).to.deep.equal([name]);
    expect(await operationsAfter(() => ignore)).to.deep.equal([]);
    const operations = await operationsAfter(async () => {
      await send();
      socket.destroy();
      return ignore;
    });
    expect(operations).to.deep.equal([]);
  });

  it('is not listed while invocations overlap, nor in the one that is left over', async () => {
    const longer = operationsAfter(async () => {
      await sleep(60);
      return ignore;
    });
    expect(await operationsAfter(send)).to.deep.equal([]);
    expect(await longer).to.deep.equal([]);
  });

  it('is listed although something without a deadline never ends, which the handler of another invocation has left behind', async () => {
    class Records {
      @GracefulTimeout({ marginMs: 10, logger: new RecordingLogger() })
      ship(_record: string): Promise<void> {
        return new Promise(ignore);
      }
    }
    class Batch {
      @GracefulTimeout({ marginMs: 10, logger: new RecordingLogger() })
      async handler(_event: unknown, _context: unknown): Promise<void> {
        await sleep(30);
        await new Records().ship('record');
      }
    }
    await expectRejection(new Batch().handler({}, new FakeContext(20)));
    await sleep(40);
    expect(await operationsAfter(send)).to.deep.equal([name]);
  });

  it('is named after an operation, and before one that may be idle', async () => {
    const other = await open();
    const { message, pending } = await timeOutAfter(async () => {
      other.write('query');
      socket.write('query');
      await sleep(10);
      for (const peer of accepted.slice(0, 1)) peer.write('answer');
      await sleep(10);
      return ignore;
    });
    expect(namesOf(pending)).to.deep.equal([name, name]);
    expect(message).to.include(`waiting for ${name} since `);
    other.destroy();
  });

  it('is listed once if the invocation has opened it', async () => {
    const operations = await operationsAfter(async () => {
      const own = await open();
      own.write('query');
      return () => own.destroy();
    });
    expect(operations).to.deep.equal([name]);
  });

  it('is not listed if it belongs to requests of node:http', async () => {
    const web = http.createServer((_request, response) => response.end('answer'));
    await listen(web);
    const agent = new http.Agent({ keepAlive: true });
    const get = async (): Promise<() => void> => {
      const { port } = web.address() as AddressInfo;
      const [response] = await once(http.get({ port, host: '127.0.0.1', agent }), 'response');
      await once(response.resume(), 'end');
      return ignore;
    };
    await get();
    expect(await operationsAfter(get)).to.deep.equal([]);
    agent.destroy();
    web.close();
  });

  it('is listed in an attempt below the invocation too (R18)', () => {
    const outer = new Operations();
    const inner = new Operations(outer);
    socket.write('query');
    expect(namesOf(inner.list(performance.now(), new StackBudget(0)).operations)).to.deep.equal([name]);
    inner.close();
    expect(namesOf(outer.list(performance.now(), new StackBudget(0)).operations)).to.deep.equal([name]);
    outer.close();
  });

  it('does no harm if it cannot be looked at, or if its listeners were removed (R0)', async () => {
    const odd = await open();
    odd.removeAllListeners().on('error', ignore);
    odd.destroy();
    await sleep(10);
    Object.defineProperty(socket, 'bytesWritten', {
      get() {
        throw new Error('odd');
      },
    });
    expect(await operationsAfter(() => ignore)).to.deep.equal([]);
    openConnections.remove(socket);
    expect(await operationsAfter(() => ignore)).to.deep.equal([]);
  });

  it('is not kept in memory after it has closed (R31)', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    let isCollected = false;
    const registry = new FinalizationRegistry(() => {
      isCollected = true;
    });
    await (async () => {
      const closing = await open();
      registry.register(closing, undefined);
      closing.destroy();
      await once(closing, 'close');
    })();
    for (let turn = 0; turn < 50 && !isCollected; turn++) {
      await sleep(10);
      collect();
    }
    expect(isCollected).to.equal(true);
  });
});

describe('Open connections (R31)', () => {
  it('are of no invocation once that has ended', () => {
    new Operations().close();
    expect(openConnections.only).to.equal(undefined);
  });

  it('are shared by all copies of this package on a thread', () => {
    expect(channel).to.have.property(sharedSymbol('connections')).that.equals(openConnections);
    expect(channel).to.have.property(sharedSymbol('tracker')).that.is.instanceOf(Tracker);
  });

  it('leave with the next invocation, if they have closed and nobody has said so', () => {
    let reads = 0;
    const socket = Object.defineProperty({ bytesRead: 0, destroyed: true }, 'bytesWritten', {
      get: () => reads++,
    }) as unknown as Socket;
    openConnections.add(socket, () => ({ operation: 'spec' }));
    for (let invocations = 0; invocations < 3; invocations++) new Operations().close();
    expect(reads).to.equal(1);
  });
});
