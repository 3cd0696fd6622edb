import { setTimeout as sleep } from 'node:timers/promises';
import middy, { type MiddyHandlerObject } from '@middy/core';
import type { Context } from 'aws-lambda';
import { expect } from 'chai';
import { expectRejection } from '../support/expect-rejection.js';
import { read } from './repository.js';

/** What has happened, in order. */
let events: string[];

/** A handler that ends on its signal, after a clean-up of 50 ms. */
async function handle(_event: unknown, _context: Context, { signal }: MiddyHandlerObject): Promise<string> {
  try {
    return await sleep(10_000, 'in time', { signal });
  } finally {
    await sleep(50);
    events.push('cleaned up');
  }
}

/** A context with a clock that does not need its `this`, because middy calls it without. */
function lambdaContext(timeoutMs: number): Context {
  const deadlineMs = Date.now() + timeoutMs;
  return { getRemainingTimeInMillis: () => deadlineMs - Date.now() } as Context;
}

describe('what the README says about other packages', () => {
  beforeEach(() => {
    events = [];
  });

  describe('the early timeout of middy', () => {
    it('gives the handler a signal, and answers before the clean-up of the handler has ended', async () => {
      const options = { timeoutEarlyInMillis: 50, timeoutEarlyResponse: () => 'too late' };
      expect(await middy(handle, options)({}, lambdaContext(100))).to.equal('too late');
      expect(events).to.deep.equal([]);
      await sleep(100);
      expect(events).to.deep.equal(['cleaned up']);
    });

    it('comes 5 ms before the deadline by default, with an error', async () => {
      const startedAtMs = performance.now();
      const error = await expectRejection(middy(handle)({}, lambdaContext(100)));
      expect(performance.now() - startedAtMs).to.be.at.least(90);
      expect(error).to.have.property('name', 'TimeoutError');
      expect(read('node_modules/@middy/core/index.js')).to.include('timeoutEarlyInMillis: 5,');
    });

    it('runs `onError` middlewares at a timeout, but `after` middlewares with `timeoutEarlyResponse`', async () => {
      const withMiddlewares = (options: object) =>
        middy(handle, { timeoutEarlyInMillis: 50, ...options })
          .after(() => void events.push('after'))
          .onError(() => void events.push('onError'));
      await expectRejection(withMiddlewares({})({}, lambdaContext(100)));
      expect(events.filter((event) => event !== 'cleaned up')).to.deep.equal(['onError']);
      events = [];
      await withMiddlewares({ timeoutEarlyResponse: () => 'too late' })({}, lambdaContext(100));
      expect(events.filter((event) => event !== 'cleaned up')).to.deep.equal(['after']);
    });

    it('works on a bound method', async () => {
      class Handler {
        readonly #answer = 'answered';
        async handle(): Promise<string> {
          return this.#answer;
        }
      }
      const instance = new Handler();
      expect(await middy(instance.handle.bind(instance))({}, lambdaContext(100))).to.equal('answered');
    });

    it('waits for `onError` middlewares without a limit', async () => {
      const context = lambdaContext(100);
      const handler = middy(handle, { timeoutEarlyInMillis: 50 }).onError(() => sleep(200));
      await expectRejection(handler({}, context));
      expect(context.getRemainingTimeInMillis()).to.be.below(-50);
    });
  });

  it('names the major versions that the specs run', () => {
    const majorOf = (range: string): string => range.replace(/^\D*(\d+)\..*/, '$1');
    const { devDependencies } = JSON.parse(read('package.json'));
    const { dependencies } = JSON.parse(read('spec/telemetry/functions/package.json'));
    const middyMajor = majorOf(devDependencies['@middy/core']);
    const sentryMajor = majorOf(dependencies['@sentry/aws-serverless']);
    expect(read('README.md')).to.include(
      `@middy/core ${middyMajor} and @sentry/aws-serverless ${sentryMajor}.`,
    );
  });
});
