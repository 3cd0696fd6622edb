import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { currentDeadline, GracefulTimeout, LambdaTimeoutError, OnTimeout } from '../lib/index.js';
import { FakeContext } from './support/context.js';
import { expectRejection } from './support/expect-rejection.js';
import { RecordingLogger } from './support/recording-logger.js';

describe('promises that abandoned code leaves rejected (R16)', () => {
  const foreign: unknown[] = [];
  const keep = (reason: unknown) => foreign.push(reason);
  const events = ['unhandledRejection', 'uncaughtException'] as const;
  let others: (readonly [string, () => void])[];

  // In the place of the listeners of mocha, which would take what is wanted here for a failure of the spec.
  beforeEach(() => {
    foreign.length = 0;
    others = events.flatMap((event) =>
      (process.listeners(event as 'exit') as (() => void)[]).map((listener) => [event, listener] as const),
    );
    for (const [event, listener] of others) process.off(event, listener);
    process.on('uncaughtException', keep);
  });
  afterEach(() => {
    process.off('uncaughtException', keep);
    for (const [event, listener] of others) process.on(event, listener);
  });

  const timeOut = async (work: () => Promise<unknown>, hook: () => unknown = () => {}) => {
    const logger = new RecordingLogger();
    class Orders {
      @GracefulTimeout({ marginMs: 200, logger })
      handler(_event: unknown, _context: unknown): Promise<unknown> {
        return work();
      }

      @OnTimeout
      protected report(): unknown {
        return hook();
      }
    }
    const error = await expectRejection(new Orders().handler({}, new FakeContext(220)));
    expect(error).to.be.instanceOf(LambdaTimeoutError);
    return logger;
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('do not end the process if they were aborted while the code was waiting for another', async () => {
    let reported = false;
    const logger = await timeOut(
      async () => {
        const { signal } = currentDeadline();
        const first = sleep(5000, 'first', { signal });
        const second = sleep(5000, 'second', { signal });
        await first;
        await second;
      },
      async () => {
        await turn();
        reported = true;
      },
    );
    expect(foreign).to.deep.equal([]);
    expect(reported).to.equal(true);
    expect(logger.lines, 'the timeout and nothing else').to.have.length(1);
  });

  it('are logged if they tell something new', async () => {
    const logger = await timeOut(
      async () => {
        sleep(30).then(() => Promise.reject(new Error('left alone')));
        await sleep(100);
      },
      () => sleep(60),
    );
    expect(foreign).to.deep.equal([]);
    expect(
      logger.lines.map(({ level, detail }) => [level, (detail as Error).message]).slice(1),
    ).to.deep.equal([['warn', 'left alone']]);
  });

  it('of other code stay what they are to Node: uncaught', async () => {
    await timeOut(() => sleep(1000));
    const failure = new Error('of somebody else');
    void Promise.reject(failure);
    await turn();
    expect(foreign).to.deep.equal([failure]);
  });

  it('of other code are left to other listeners, if there are any', async () => {
    await timeOut(() => sleep(1000));
    const heard: unknown[] = [];
    const listener = (reason: unknown) => heard.push(reason);
    process.on('unhandledRejection', listener);
    const failure = new Error('of somebody else');
    void Promise.reject(failure);
    await turn();
    process.off('unhandledRejection', listener);
    expect(heard).to.deep.equal([failure]);
    expect(foreign).to.deep.equal([]);
  });
});
