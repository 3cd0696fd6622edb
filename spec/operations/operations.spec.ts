import { channel } from 'node:diagnostics_channel';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { currentDeadline, GracefulTimeout, type LambdaTimeoutError } from '../../lib/index.js';
import { DRIVER_CHANNELS } from '../../lib/operations/driver-channels.js';
import { Operations } from '../../lib/operations/operations.js';
import { Tracker } from '../../lib/operations/tracker.js';
import { StackBudget } from '../../lib/report/stack-budget.js';
import { HangingServer, half } from '../cancellation/hanging-server.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { namesOf, timeOutAfter } from '../support/pending.js';
import { RecordingLogger } from '../support/recording-logger.js';

const ignore = (): void => {};

const forever = (): Promise<never> => new Promise(() => {});

describe('A race() (R30)', () => {
  it('is listed by the name that the user gives to it', async () => {
    const { pending, message } = await timeOutAfter(() => {
      currentDeadline().race(forever(), 'payment of order 5').catch(ignore);
      currentDeadline().race(forever(), '').catch(ignore);
      return ignore;
    });
    expect(namesOf(pending)).to.deep.equal(['payment of order 5', 'promise']);
    expect(message).to.match(/, waiting for payment of order 5 since \d+ ms \(and 1 more\)$/);
  });
});

describe('What is answered (R30)', () => {
  for (const [client, get] of Object.entries({
    'node:http': (url: string) => {
      http.get(url, ignore).on('error', ignore);
    },
    fetch: (url: string) => {
      fetch(url).catch(ignore);
    },
  })) {
    it(`is said so, and is named after what has had no answer: ${client}`, async () => {
      const server = await HangingServer.start(half);
      const silent = await HangingServer.start();
      const { pending, message } = await timeOutAfter(async () => {
        get(server.url);
        await server.hanging;
        await sleep(50);
        const controller = new AbortController();
        fetch(silent.url, { signal: controller.signal }).catch(ignore);
        await silent.hanging;
        return () => controller.abort();
      });
      expect(namesOf(pending)).to.deep.equal([`GET ${server.url}`, `GET ${silent.url}`]);
      expect(pending.map(({ isAnswered }) => isAnswered)).to.deep.equal([true, undefined]);
      expect(message).to.include(`waiting for GET ${silent.url} since `);
      for (const each of [server, silent]) {
        each.drop();
        await each.stop();
      }
    });
  }
});

describe('Operations below a decorated method that a handler calls (R18, R30)', () => {
  it('belong to both, at any depth, also after the inner one has ended', async () => {
    const logger = new RecordingLogger();
    const races = (name: string): void => {
      currentDeadline().race(forever(), name).catch(ignore);
    };
    class Inner {
      @GracefulTimeout({ marginMs: 10, logger })
      async record(name: string, _context: unknown): Promise<void> {
        races(name);
        // Goes on after it has ended.
        setTimeout(() => fetch('http://127.0.0.1:2').catch(ignore), 5);
        if (name === 'deeper') return;
        await new Inner().record('deeper', new FakeContext(5000));
        await forever();
      }
    }
    class Orders {
      @GracefulTimeout({ marginMs: 10, logger })
      async handler(_event: unknown, context: unknown): Promise<void> {
        races('outer');
        await new Inner().record('inner', new FakeContext(60)).catch(ignore);
        channel('undici:request:create').publish({ request: { method: 'GET', origin: 'http://after' } });
        void context;
        await forever();
      }
    }
    const error = await expectRejection(new Orders().handler({}, new FakeContext(200)));
    expect(namesOf((error as LambdaTimeoutError).pending)).to.deep.equal([
      'outer',
      'inner',
      'deeper',
      'GET http://after',
    ]);
    const inner = logger.lines.find(({ message }) => message.startsWith('Inner.record timed out'));
    expect(namesOf((inner as unknown as { detail: LambdaTimeoutError }).detail.pending)).to.deep.equal([
      'inner',
      'deeper',
    ]);
  });

  it('go to the outer ones alone, once the inner one is closed', () => {
    const outer = new Operations();
    const inner = new Operations(outer);
    const [before, after] = [{}, {}];
    inner.begin(before, () => ({ operation: 'before' }), ignore);
    inner.close();
    inner.close();
    inner.begin(after, () => ({ operation: 'after' }), ignore);
    expect(inner.isOpen).to.equal(true);
    expect(namesOf(inner.list(performance.now(), new StackBudget(0)).operations)).to.deep.equal([]);
    expect(namesOf(outer.list(performance.now(), new StackBudget(0)).operations)).to.deep.equal([
      'before',
      'after',
    ]);
    inner.end(before);
    expect(namesOf(outer.list(performance.now(), new StackBudget(0)).operations)).to.deep.equal(['after']);
    expect(inner.find(after)).to.have.property('atMs');
    expect(inner.find({})).to.equal(undefined);
    outer.close();
    inner.begin({}, () => ({ operation: 'late' }), ignore);
    expect(inner.isOpen).to.equal(false);
    expect(namesOf(outer.list(performance.now(), new StackBudget(0)).operations)).to.deep.equal([]);
  });
});

describe('An operation that begins again (R30)', () => {
  it('is the newest, as a closed socket that is connected again', () => {
    const operations = new Operations();
    const again = {};
    for (const [subject, operation] of [
      [again, 'first'],
      [{}, 'second'],
      [again, 'third'],
    ] as const) {
      operations.begin(subject, () => ({ operation }), ignore);
    }
    expect(namesOf(operations.list(performance.now(), new StackBudget(0)).operations)).to.deep.equal([
      'second',
      'third',
    ]);
    operations.close();
  });
});

describe('A tracker (R31)', () => {
  it('tells of an operation with the stack of who publishes it, and of its answer and its end only once', () => {
    const operations = new Operations();
    const tracker = new Tracker(() => ({ operations }));
    const subject = {};
    tracker.listen<object>('spec:begin', (message, below) => {
      tracker.begin(message, () => ({ operation: 'spec' }), below);
    });
    const pending = () =>
      operations.list(performance.now(), new StackBudget(performance.now() + 10_000)).operations;
    tracker.answer(subject);
    expect(pending()).to.deep.equal([]);
    (function ship() {
      channel('spec:begin').publish(subject);
    })();
    const [begun] = pending();
    expect(begun?.startedAt).to.match(/^at ship /);
    expect(begun).not.to.have.property('isAnswered');
    tracker.answer(subject);
    expect(pending()[0]).to.have.property('isAnswered', true);
    operations.close();
    tracker.answer(subject);
    expect(tracker.take(subject), 'its attempt has ended').to.equal(undefined);
    tracker.answer(subject);
    expect(tracker.take(subject)).to.equal(undefined);
  });
});

describe('20,000 operations at once (R17)', () => {
  it('cost the same each as a few, and so does their list', function () {
    this.timeout(20_000);
    const timeOf = (count: number): number => {
      const operations = new Operations();
      const start = performance.now();
      for (let index = 0; index < count; index++) {
        operations.begin({}, () => ({ operation: 'promise' }), ignore);
      }
      const { waitingFor } = operations.list(performance.now(), new StackBudget(0));
      const tookMs = performance.now() - start;
      expect(waitingFor).to.match(new RegExp(`\\(and ${count - 1} more\\)$`));
      operations.close();
      return tookMs / count;
    };
    timeOf(1000);
    const few = Math.min(timeOf(1000), timeOf(1000), timeOf(1000));
    expect(timeOf(20_000)).to.be.below(5 * few);
  });
});

describe('A message of a channel (R31)', () => {
  const odd: Record<string, unknown> = {
    null: null,
    undefined: undefined,
    'a number': 5,
    'an empty object': {},
    'a frozen object': Object.freeze({
      request: Object.freeze({}),
      stream: Object.freeze({}),
      socket: Object.freeze({}),
    }),
    'an object without a prototype': Object.assign(Object.create(null), { request: Object.create(null) }),
    'an object of getters that throw': Object.defineProperties(
      {},
      Object.fromEntries(
        [
          'request',
          'socket',
          'stream',
          'headers',
          'process',
          'command',
          'query',
          'serverAddress',
          'batchMode',
        ].map((name) => [
          name,
          {
            get() {
              throw new Error('odd');
            },
          },
        ]),
      ),
    ),
    'an object whose parts are odd': {
      request: { once: null, method: Symbol('odd'), origin: { toString: null } },
      socket: { once: ignore },
      stream: { once: ignore, session: null },
      headers: null,
      process: { once: ignore, spawnfile: Symbol('odd') },
      command: { toString: null },
      query: { text: { toString: null } },
      serverAddress: { toString: null },
    },
    'a proxy that refuses': new Proxy(
      {},
      {
        get() {
          throw new Error('odd');
        },
      },
    ),
  };
  const channels = [
    'http.client.request.created',
    'http.client.request.start',
    'http.client.response.finish',
    'undici:request:create',
    'undici:request:headers',
    'undici:request:trailers',
    'undici:request:error',
    'undici:client:sendHeaders',
    'undici:client:connected',
    'undici:client:beforeConnect',
    'http2.client.stream.created',
    'http2.client.stream.finish',
    'net.client.socket',
    'child_process',
    ...Object.keys(DRIVER_CHANNELS).flatMap((name) =>
      ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((event) => `tracing:${name}:${event}`),
    ),
  ];

  for (const [what, message] of Object.entries(odd)) {
    it(`does no harm, however odd: ${what}`, async () => {
      const uncaught: unknown[] = [];
      const before = process.listeners('uncaughtException');
      process
        .removeAllListeners('uncaughtException')
        .on('uncaughtException', (error) => uncaught.push(error));
      const { name } = await timeOutAfter(async () => {
        for (const channelName of channels) channel(channelName).publish(message);
        await sleep(5);
        return ignore;
      });
      process.removeAllListeners('uncaughtException');
      for (const listener of before) process.on('uncaughtException', listener);
      expect(uncaught).to.deep.equal([]);
      expect(name).to.equal('LambdaTimeoutError');
    });
  }
});

describe('What has ended (R31)', () => {
  it('is not kept in memory: 100,000 commands and 10,000 invocations', async function () {
    this.timeout(60_000);
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const start = channel('tracing:ioredis:command:start');
    const end = channel('tracing:ioredis:command:asyncEnd');
    class Orders {
      @GracefulTimeout({ marginMs: 10, logger: new RecordingLogger() })
      async handler(commands: number, _context: unknown): Promise<void> {
        for (let index = 0; index < commands; index++) {
          const message = {
            command: 'get',
            args: [new Array(100).fill(index)],
            serverAddress: 'h',
            serverPort: 1,
          };
          start.publish(message);
          await null;
          end.publish(message);
        }
      }
    }
    const orders = new Orders();
    const run = async (invocations: number): Promise<number> => {
      for (let index = 0; index < invocations; index++) await orders.handler(10, new FakeContext(10_000));
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = await run(200);
    expect((await run(10_000)) - before).to.be.below(2_000_000);
  });
});
