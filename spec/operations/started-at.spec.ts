import { EventEmitter } from 'node:events';
import http from 'node:http';
import { runInThisContext } from 'node:vm';
import { expect } from 'chai';
import { Client } from 'undici';
import { currentDeadline, GracefulTimeout, type LambdaTimeoutError } from '../../lib/index.js';
import { withErrorProperty } from '../../lib/report/error-property.js';
import { captureFew } from '../../lib/report/stack.js';
import { HangingServer } from '../cancellation/hanging-server.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { wait } from '../support/fake-time.js';
import { type CleanUp, tellsOfRequestsEarly, timeOutAfter } from '../support/pending.js';
import { RecordingLogger } from '../support/recording-logger.js';

const ignore = (): void => {};

/** Waits for a promise that never settles. */
function shipOrder(): CleanUp {
  currentDeadline()
    .race(new Promise(() => {}))
    .catch(ignore);
  return ignore;
}

const startsAfter = async (work: () => Promise<CleanUp> | CleanUp): Promise<(string | undefined)[]> =>
  (await timeOutAfter(work)).pending.map(({ startedAt }) => startedAt);

const namesOf = (startedAt = ''): string[] =>
  startedAt.split('\n').map((frame) => frame.replace(/ \(.*|file:.*/, ''));

describe('PendingOperation.startedAt (R30)', () => {
  it('is the line of the user that began the operation, also through awaits', async () => {
    async function handleOrder(): Promise<CleanUp> {
      await wait(1);
      return shipOrder();
    }
    const [startedAt] = await startsAfter(async () => await handleOrder());
    const [innermost, ...others] = startedAt?.split('\n') ?? [];
    expect(innermost).to.match(/^at shipOrder \(\S+started-at\.spec\.[jt]s:\d+:\d+\)$/);
    expect(namesOf(others.join('\n'))[0]).to.equal('at handleOrder');
  });

  it('has at most three frames, the innermost ones', async () => {
    const descend = (depth: number): CleanUp => (depth === 0 ? shipOrder() : descend(depth - 1));
    const [startedAt] = await startsAfter(() => descend(100));
    expect(namesOf(startedAt)).to.deep.equal(['at shipOrder', 'at descend', 'at descend']);
  });

  it('has no frames of Node, of built-in functions or of this package', async () => {
    class Orders {
      @GracefulTimeout({ marginMs: 10, logger: new RecordingLogger() })
      handler(_event: unknown, _context: unknown): Promise<void> {
        [1].forEach(shipOrder);
        return new Promise(() => {});
      }
    }
    const timeout = await expectRejection(new Orders().handler({}, new FakeContext(30)));
    const [{ startedAt } = {}] = (timeout as LambdaTimeoutError).pending;
    expect(namesOf(startedAt)).to.deep.equal(['at shipOrder', 'at Orders.handler']);
  });

  it('has no frames of this package if a handler calls the handler of its superclass (R18)', async () => {
    const options = { marginMs: 10, logger: new RecordingLogger() };
    class Base {
      @GracefulTimeout(options)
      handler(_event: unknown, _context: unknown): Promise<void> {
        shipOrder();
        return new Promise(() => {});
      }
    }
    class Orders extends Base {
      @GracefulTimeout(options)
      override handler(event: unknown, context: unknown): Promise<void> {
        return super.handler(event, context);
      }
    }
    const timeout = await expectRejection(new Orders().handler({}, new FakeContext(30)));
    const [{ startedAt } = {}] = (timeout as LambdaTimeoutError).pending;
    expect(namesOf(startedAt)).to.deep.equal(['at shipOrder', 'at Orders.handler', 'at Orders.handler']);
  });

  describe('of code in a package', () => {
    type Caller = (code: () => unknown) => unknown;
    const ofPackage: Caller = runInThisContext('(function send(code) { return code(); })', {
      filename: '/var/task/node_modules/sdk/index.js',
    });

    it('is the line of the user that called the package', async () => {
      const [startedAt] = await startsAfter(function ship() {
        ofPackage(currentDeadline().race.bind(currentDeadline(), new Promise(() => {})));
        return ignore;
      });
      expect(namesOf(startedAt)[0]).to.equal('at ship');
    });

    it('is the line of the package if no line of the user called it', async () => {
      const [startedAt] = await startsAfter(async () => {
        const { race } = currentDeadline();
        setTimeout(ofPackage, 1, race.bind(currentDeadline(), new Promise(() => {})));
        await wait(10);
        return ignore;
      });
      expect(startedAt).to.match(
        /^at Timeout\.send \[as _onTimeout\] \(\/var\/task\/node_modules\/sdk\/index\.js:1:\d+\)$/,
      );
    });
  });

  describe('of a request of node:http', () => {
    it('is known on Node 22.12 and later', async () => {
      const server = await HangingServer.start();
      const [startedAt] = await startsAfter(async function ship() {
        const request = http.get(server.url).on('error', ignore);
        await server.hanging;
        return () => request.destroy();
      });
      await server.stop();
      if (tellsOfRequestsEarly) expect(namesOf(startedAt)[0]).to.equal('at ship');
      else expect(startedAt).to.equal(undefined);
    });
  });

  describe('of a request of undici', () => {
    const requests: Record<string, (origin: string, signal: AbortSignal) => unknown> = {
      fetch: (origin, signal) => fetch(origin, { signal }).catch(ignore),
      'the package': (origin, signal) =>
        new Client(origin).request({ signal, path: '/', method: 'GET' }, ignore),
    };
    /** In an event of the user's own code, undici has `node:events` among its callers, as where its pool sends. */
    const ways: Record<string, (ship: () => void) => unknown> = {
      'a function': (ship) => ship(),
      'an event': (ship) => new EventEmitter().on('order', ship).emit('order'),
    };
    for (const [client, request] of Object.entries(requests)) {
      for (const [way, begin] of Object.entries(ways)) {
        it(`is known where ${way} of the user's own code begins it: ${client}`, async () => {
          const server = await HangingServer.start();
          const [startedAt] = await startsAfter(async () => {
            const controller = new AbortController();
            begin(function ship() {
              request(server.url, controller.signal);
            });
            await server.hanging;
            return () => controller.abort();
          });
          await server.stop();
          expect(namesOf(startedAt).join()).to.match(/\bship\b/);
        });
      }
    }
  });

  describe('of a program', () => {
    let before: PropertyDescriptor[];
    const properties = ['stackTraceLimit', 'prepareStackTrace'] as const;
    beforeEach(() => {
      before = properties.map((name) => Object.getOwnPropertyDescriptor(Error, name) ?? {});
    });
    afterEach(() => {
      properties.forEach((name, index) => {
        const descriptor = before[index] as PropertyDescriptor;
        if (!('value' in descriptor)) Reflect.deleteProperty(Error, name);
        else Object.defineProperty(Error, name, descriptor);
      });
    });

    it('that turns stack traces off is known all the same, and the limit stays as it was', async () => {
      Error.stackTraceLimit = 0;
      const [startedAt] = await startsAfter(shipOrder);
      expect(Error.stackTraceLimit).to.equal(0);
      expect(namesOf(startedAt)[0]).to.equal('at shipOrder');
    });

    it('that has no `prepareStackTrace` does not add one', () => {
      Reflect.deleteProperty(Error, 'prepareStackTrace');
      const { stack } = withErrorProperty(
        'prepareStackTrace',
        () => 'written',
        () => captureFew(ignore),
      );
      expect(stack).not.to.equal('written');
      expect(Error).not.to.have.own.property('prepareStackTrace');
    });

    it('that has a read-only stack trace limit has as many frames as that limit allows', async () => {
      Object.defineProperty(Error, 'stackTraceLimit', { value: 1, writable: false });
      const [startedAt] = await startsAfter(shipOrder);
      expect(namesOf(startedAt)).to.deep.equal(['at shipOrder']);
    });

    it('that has a `prepareStackTrace` is written by it, and only when the timeout is made', async () => {
      let written = 0;
      Error.prepareStackTrace = (_error, sites) => {
        written++;
        return [
          'Stack',
          ...sites.map((site) => `  at ${site.getFunctionName()} (mine:${site.getLineNumber()}:1)`),
        ].join('\n');
      };
      const [startedAt] = await startsAfter(() => {
        shipOrder();
        expect(written).to.equal(0);
        return ignore;
      });
      expect(startedAt).to.match(/^at shipOrder \(mine:\d+:1\)/);
    });

    it('whose `prepareStackTrace` throws is absent, and the timeout still comes', async () => {
      Error.prepareStackTrace = () => {
        throw new Error('no stack');
      };
      const { name, pending } = await timeOutAfter(shipOrder);
      expect(name).to.equal('LambdaTimeoutError');
      expect(pending).to.deep.equal([{ operation: 'promise', sinceMs: pending[0]?.sinceMs }]);
    });

    it('whose `prepareStackTrace` does not return text is absent', async () => {
      Error.prepareStackTrace = (_error, sites) => sites;
      expect(await startsAfter(shipOrder)).to.deep.equal([undefined]);
    });
  });
});
