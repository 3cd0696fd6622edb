import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DurableContext,
  type DurableExecutionInvocationInput,
  type DurableLambdaHandler,
  StepError,
  withDurableExecution,
} from '@aws/durable-execution-sdk-js';
import { LocalDurableTestRunner, type TestResult } from '@aws/durable-execution-sdk-js-testing';
import type { Context } from 'aws-lambda';
import { expect } from 'chai';
import {
  currentDeadline,
  Finally,
  GracefulTimeout,
  LambdaTimeoutError,
  OnTimeout,
} from 'lambda-graceful-timeout';
import { expectRejection } from '../support/expect-rejection.js';
import { RecordingLogger } from '../support/recording-logger.js';

/** The remaining time of every invocation in the SDK's test runner. */
const REMAINING_MS = 900_000;
/** Puts the deadline 100 ms after the start. */
const marginMs = REMAINING_MS - 100;

const run = (handlerFunction: DurableLambdaHandler): Promise<TestResult> =>
  new LocalDurableTestRunner({ handlerFunction }).run();

describe('on durable functions (R8)', function () {
  this.timeout(15_000);
  before(() => LocalDurableTestRunner.setupTestEnvironment());
  after(() => LocalDurableTestRunner.teardownTestEnvironment());

  const ran: string[] = [];
  const logger = new RecordingLogger();
  beforeEach(() => {
    ran.length = 0;
    logger.lines.length = 0;
  });

  /** What the classes of this suite have in common. */
  class WithHooks {
    @OnTimeout
    protected report(): void {
      ran.push('report');
    }

    @Finally
    protected close(outcome: PromiseSettledResult<unknown>): void {
      ran.push(
        `close: ${outcome.status === 'fulfilled' ? JSON.stringify(outcome.value) : outcome.reason.name}`,
      );
    }
  }

  describe('a handler inside `withDurableExecution`, whose error would fail the whole execution', () => {
    it('runs past the deadline and through a suspension until it returns, and a warning says why', async () => {
      class Orders extends WithHooks {
        @GracefulTimeout({ marginMs, logger })
        async handler(_event: unknown, context: DurableContext): Promise<string> {
          const charged = await context.step('charge', () => sleep(200, 'charged'));
          await context.wait({ seconds: 1 });
          return charged;
        }
      }
      const orders = new Orders();
      const execution = await run(withDurableExecution(orders.handler.bind(orders)));
      expect(execution.getStatus()).to.equal('SUCCEEDED');
      expect(execution.getResult()).to.equal('charged');
      expect(execution.getInvocations()).to.have.length.of.at.least(2);
      expect(ran).to.deep.equal(['close: "charged"']);
      expect(logger.messages).to.deep.equal(['warn: Orders.handler runs without a timeout']);
      expect(logger.lines[0]?.detail)
        .to.include('`withDurableExecution`')
        .and.include('`context.lambdaContext`');
    });
  });

  describe('a method that a step calls', () => {
    /** Packs, and then charges. The first attempt to charge is too slow. */
    class Orders extends WithHooks {
      attempts = 0;
      packed = 0;

      constructor(readonly attemptsAllowed: number) {
        super();
      }

      @GracefulTimeout({ marginMs, logger })
      async charge(_context: Context): Promise<string> {
        this.attempts++;
        const { signal } = currentDeadline();
        if (this.attempts === 1) await sleep(60_000, undefined, { signal });
        return 'charged';
      }

      async handler(_event: unknown, context: DurableContext): Promise<string> {
        await context.step('pack', async () => {
          this.packed++;
        });
        try {
          return await context.step('charge', () => this.charge(context.lambdaContext), {
            retryStrategy: (error, attempt) => {
              ran.push(`retry after ${error.name}`);
              return { shouldRetry: attempt < this.attemptsAllowed, delay: { seconds: 1 } };
            },
          });
        } catch (error) {
          if (error instanceof StepError) return `not charged: ${error.cause?.name}`;
          throw error;
        }
      }
    }

    it('fails one attempt of the step when it times out: the step is retried, and no other step runs twice', async () => {
      const orders = new Orders(2);
      const execution = await run(withDurableExecution(orders.handler.bind(orders)));
      expect(execution.getStatus()).to.equal('SUCCEEDED');
      expect(execution.getResult()).to.equal('charged');
      expect(orders).to.include({ attempts: 2, packed: 1 });
      expect(ran).to.deep.equal([
        'report',
        'close: LambdaTimeoutError',
        'retry after LambdaTimeoutError',
        'close: "charged"',
      ]);
    });

    it('fails the step when it times out in the last attempt, and the handler can catch that', async () => {
      const orders = new Orders(1);
      const execution = await run(withDurableExecution(orders.handler.bind(orders)));
      expect(execution.getResult()).to.equal('not charged: LambdaTimeoutError');
      expect(orders).to.include({ attempts: 1, packed: 1 });
    });
  });

  describe('a method around what `withDurableExecution` returns', () => {
    /** Makes a handler of it that has this much time until its deadline. */
    const around = (durable: DurableLambdaHandler, timeMs: number): DurableLambdaHandler => {
      class Orders extends WithHooks {
        @GracefulTimeout({ marginMs: REMAINING_MS - timeMs, logger })
        handler(event: DurableExecutionInvocationInput, context: Context): ReturnType<DurableLambdaHandler> {
          return durable(event, context);
        }
      }
      const orders = new Orders();
      return orders.handler.bind(orders);
    };

    it('fails only the invocation when it times out, as Lambda’s own timeout does, and not the execution', async () => {
      const durable = withDurableExecution((_event, context) =>
        context.step('charge', () => new Promise(() => {})),
      );
      const error = await expectRejection(run(around(durable, 100)));
      expect(error).to.be.instanceOf(LambdaTimeoutError);
      expect(ran).to.deep.equal(['report', 'close: LambdaTimeoutError']);
    });

    it('treats a suspension as the end of an invocation', async () => {
      const durable = withDurableExecution(async (_event, context) => {
        await context.wait({ seconds: 1 });
        return 'waited';
      });
      const execution = await run(around(durable, 10_000));
      expect(execution.getResult()).to.equal('waited');
      expect(ran).to.deep.equal([
        'close: {"Status":"PENDING"}',
        'close: {"Status":"SUCCEEDED","Result":"\\"waited\\""}',
      ]);
      expect(logger.lines).to.deep.equal([]);
    });
  });
});
