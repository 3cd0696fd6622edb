import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { currentDeadline, GracefulTimeout, type LambdaTimeoutError, OnTimeout } from '../../lib/index.js';
import { channelOfRequests } from '../../lib/operations/http.js';
import { HangingServer } from '../cancellation/hanging-server.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { gate } from '../support/gate.js';
import { namesOf, operationsAfter, timeOutAfter } from '../support/pending.js';
import { RecordingLogger } from '../support/recording-logger.js';

const ignore = (): void => {};

const forever = (): Promise<never> => new Promise(() => {});

const race = (): void => {
  currentDeadline().race(forever()).catch(ignore);
};

describe('LambdaTimeoutError.pending (R30)', () => {
  let server: HangingServer;

  beforeEach(async () => {
    server = await HangingServer.start();
  });

  afterEach(() => server.stop());

  /** Sends a request that hangs, and returns a function that ends it. */
  const hang = (method = 'GET'): (() => void) => {
    const controller = new AbortController();
    fetch(server.url, { method, signal: controller.signal }).catch(ignore);
    return () => controller.abort();
  };

  it('is empty if nothing is pending, and then the message names no operation', async () => {
    const error = await timeOutAfter(() => ignore);
    expect(error.pending).to.deep.equal([]);
    expect(error.message).to.match(/^Orders\.handler timed out 5000 ms before .*, after \d+ ms$/);
  });

  it('says since when an operation is pending, and the message names it', async () => {
    const error = await timeOutAfter(async () => {
      const end = hang('POST');
      await sleep(50);
      return end;
    });
    const [{ sinceMs = 0 } = {}] = error.pending;
    expect(sinceMs).to.be.within(45, 1000);
    expect(error.message).to.match(
      new RegExp(`after \\d+ ms, waiting for POST ${server.url} since ${sinceMs} ms$`),
    );
  });

  it('is in the order in which operations began, and the message names the first and counts the others', async () => {
    const error = await timeOutAfter(() => {
      const ends = ['GET', 'PUT', 'DELETE'].map(hang);
      return () => ends.map((end) => end());
    });
    expect(namesOf(error.pending)).to.deep.equal(['GET', 'PUT', 'DELETE'].map((m) => `${m} ${server.url}`));
    expect(error.message).to.match(
      new RegExp(`waiting for GET ${server.url} since \\d+ ms \\(and 2 more\\)$`),
    );
  });

  it('lists at most 20 operations, and the message counts all of them', async () => {
    const error = await timeOutAfter(() => {
      for (let index = 0; index < 30; index++) race();
      return ignore;
    });
    expect(namesOf(error.pending)).to.deep.equal(Array(20).fill('promise'));
    expect(error.message).to.match(/waiting for promise since \d+ ms \(and 29 more\)$/);
  });

  it('can be written as JSON, with the line where an operation began', async () => {
    const error = await timeOutAfter(() => {
      race();
      return ignore;
    });
    const [pending] = error.pending;
    expect(JSON.parse(JSON.stringify(error)).pending).to.deep.equal([pending]);
    expect(Object.keys(pending as object)).to.deep.equal(['operation', 'sinceMs', 'startedAt']);
  });

  describe('of a race()', () => {
    it('lists a promise until it settles', async () => {
      const opened = gate();
      const operations = await operationsAfter(async () => {
        const deadline = currentDeadline();
        race();
        await deadline.race(Promise.resolve());
        await expectRejection(deadline.race(Promise.reject(new Error('failed'))));
        const last = deadline.race(opened.opened);
        opened.open();
        await last;
        return ignore;
      });
      expect(operations).to.deep.equal(['promise']);
    });

    it('does not list a promise that the race receives after the deadline', async () => {
      class Orders {
        @GracefulTimeout({ marginMs: 10, logger: new RecordingLogger() })
        async handler(_event: unknown, _context: unknown): Promise<void> {
          const deadline = currentDeadline();
          while (!deadline.expired); // blocks
          await deadline.race(forever());
        }
      }
      const error = await expectRejection(new Orders().handler({}, new FakeContext(30)));
      expect((error as LambdaTimeoutError).pending).to.deep.equal([]);
    });
  });

  it('lists what was pending before anything was cancelled', async () => {
    const error = await timeOutAfter(() => {
      fetch(server.url, { signal: currentDeadline().signal }).catch(ignore);
      return ignore;
    });
    expect(namesOf(error.pending)).to.deep.equal([`GET ${server.url}`]);
  });

  it('is also in the error that `throwIfExpired()` throws', async () => {
    class Orders {
      @GracefulTimeout({ marginMs: 10, logger: new RecordingLogger() })
      async handler(_event: unknown, _context: unknown): Promise<void> {
        const deadline = currentDeadline();
        const end = hang();
        while (!deadline.expired); // blocks
        setTimeout(end);
        deadline.throwIfExpired();
      }
    }
    const error = await expectRejection(new Orders().handler({}, new FakeContext(30)));
    expect(namesOf((error as LambdaTimeoutError).pending)).to.deep.equal([`GET ${server.url}`]);
  });

  it('is logged if a handler ends in its grace (R12)', async () => {
    const logger = new RecordingLogger();
    class Orders {
      @GracefulTimeout({ marginMs: 1000, logger })
      async handler(_event: unknown, _context: unknown): Promise<string> {
        await fetch(server.url, { signal: currentDeadline().signal }).catch(ignore);
        return 'what is done';
      }
    }
    expect(await new Orders().handler({}, new FakeContext(1030))).to.equal('what is done');
    const [line] = logger.lines as unknown as [{ detail: LambdaTimeoutError; message: string }];
    expect(line.message).to.match(/^Orders\.handler ended \d+ ms past its deadline, in its grace$/);
    expect(namesOf(line.detail.pending)).to.deep.equal([`GET ${server.url}`]);
    expect(line.detail.message).to.include(`waiting for GET ${server.url} since `);
  });

  it('of a hook lists what the hook began, and that of the handler does not', async () => {
    const logger = new RecordingLogger();
    const ends: (() => void)[] = [];
    class Orders {
      @GracefulTimeout({ marginMs: 60, logger })
      async handler(_event: unknown, _context: unknown): Promise<void> {
        ends.push(hang('GET'));
        await forever();
      }

      @OnTimeout
      protected async report(): Promise<void> {
        ends.push(hang('PUT'));
        await forever();
      }
    }
    const error = (await expectRejection(
      new Orders().handler({}, new FakeContext(90)),
    )) as LambdaTimeoutError;
    for (const end of ends) end();
    expect(namesOf(error.pending)).to.deep.equal([`GET ${server.url}`]);
    const { message, detail } = logger.lines[1] as { message: string; detail: LambdaTimeoutError };
    expect(namesOf(detail.pending)).to.deep.equal([`PUT ${server.url}`]);
    expect(message).to.match(
      new RegExp(`^Orders\\.report was abandoned .*, \\d+ ms, waiting for PUT ${server.url} since \\d+ ms$`),
    );
  });

  it('lists only operations of its own invocation when sixty invocations overlap', async () => {
    const ends: (() => void)[] = [];
    class Orders {
      @GracefulTimeout({ marginMs: 300, logger: new RecordingLogger() })
      async handler(event: number, _context: unknown): Promise<void> {
        for (let done = 0; done < event % 4; done++) {
          await sleep(1);
          ends.push(hang(event % 2 ? 'POST' : 'PUT'));
        }
        await forever();
      }
    }
    const orders = new Orders();
    const errors = await Promise.all(
      Array.from({ length: 60 }, (_, index) => expectRejection(orders.handler(index, new FakeContext(500)))),
    );
    for (const end of ends) end();
    const expected = errors.map((_, index) =>
      Array(index % 4).fill(`${index % 2 ? 'POST' : 'PUT'} ${server.url}`),
    );
    expect((errors as LambdaTimeoutError[]).map(({ pending }) => namesOf(pending))).to.deep.equal(expected);
  });

  it('does not list what begins outside the async context of the invocation', async () => {
    const outside = AsyncLocalStorage.snapshot();
    const operations = await operationsAfter(() => {
      const end = outside(() => hang());
      return end;
    });
    expect(operations).to.deep.equal([]);
  });

  it('makes the message name a request first, because a connection can be idle', async () => {
    const { port } = new URL(server.url);
    const { connect } = await import('node:net');
    const error = await timeOutAfter(async () => {
      const socket = connect(Number(port), '127.0.0.1');
      await new Promise((resolve) => socket.once('connect', resolve));
      const end = hang();
      return () => {
        socket.destroy();
        end();
      };
    });
    expect(namesOf(error.pending)).to.deep.equal([`connection to 127.0.0.1:${port}`, `GET ${server.url}`]);
    expect(error.message).to.match(
      new RegExp(`waiting for GET ${server.url} since \\d+ ms \\(and 1 more\\)$`),
    );
  });

  it('keeps nothing in memory of 100,000 requests that have ended (R31)', async function () {
    this.timeout(20_000);
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const begun = channel(channelOfRequests(process.versions.node));
    const created = channel('undici:request:create');
    const ended = channel('undici:request:trailers');
    await timeOutAfter(() => {
      const send = (count: number): number => {
        for (let index = 0; index < count; index++) {
          const request = { method: 'GET', origin: server.url, payload: new Array(100).fill(index) };
          created.publish({ request });
          ended.publish({ request });
          const other = Object.assign(new EventEmitter(), request);
          begun.publish({ request: other });
          other.emit('close');
        }
        collect();
        return process.memoryUsage().heapUsed;
      };
      const before = send(1000);
      expect(send(100_000) - before).to.be.below(2_000_000);
      return ignore;
    });
  });

  it('ignores an event of a channel for a request that no attempt has begun', async () => {
    expect(() => channel('undici:request:trailers').publish({ request: {} })).not.to.throw();
    expect(await operationsAfter(() => ignore)).to.deep.equal([]);
  });
});
