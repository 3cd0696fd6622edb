import { Logger } from '@aws-lambda-powertools/logger';
import { expect } from 'chai';
import sinon from 'sinon';
import { Finally, GracefulTimeout, LambdaTimeoutError, OnTimeout } from '../lib/index.js';
import type { TimeoutLogger } from '../lib/report/logger.js';
import { useFakeTime } from './support/fake-time.js';
import { timedOut } from './support/timed-out.js';

describe('the logger (R25)', () => {
  const time = useFakeTime();

  const timeOutWith = async (options: { logger?: TimeoutLogger }) => {
    const ran: string[] = [];
    class Orders {
      @GracefulTimeout({ marginMs: 1000, ...options })
      handler(_event: unknown, _context: unknown): Promise<never> {
        return new Promise(() => {});
      }

      @OnTimeout
      protected report(): void {
        ran.push('report');
        throw new Error('report failed');
      }

      @Finally
      protected close(): void {
        ran.push('close');
      }
    }
    const orders = new Orders();
    const error = await timedOut(time.clock, orders.handler.bind(orders));
    expect(error).to.be.instanceOf(LambdaTimeoutError);
    expect(ran).to.deep.equal(['report', 'close']);
    return error;
  };

  it('is console by default', async () => {
    const consoleError = sinon.stub(console, 'error');
    const error = await timeOutWith({});
    expect(consoleError.args[0]).to.deep.equal([error.message, error]);
  });

  it('can be a Powertools Logger, which writes the fields of the error', async () => {
    const lines: string[] = [];
    const logger = new Logger({ serviceName: 'orders' });
    // A Powertools Logger writes to this console if it is not in development mode.
    const sink = (logger as unknown as { console: Console }).console;
    sinon.stub(sink, 'error').callsFake((line: string) => void lines.push(line));
    const { message } = await timeOutWith({ logger });
    const [first, second] = lines.map((line) => JSON.parse(line));
    expect(first).to.deep.include({ level: 'ERROR', message, service: 'orders' });
    expect(first.error).to.include({ name: 'LambdaTimeoutError', message });
    expect(second).to.include({ message: 'Orders.report failed' });
    expect(second.error).to.include({ message: 'report failed' });
  });

  it('is called as a method', async () => {
    class Sink {
      readonly lines: string[] = [];
      error(message: string): void {
        this.lines.push(message);
      }
      warn(): void {}
    }
    const logger = new Sink();
    await timeOutWith({ logger });
    expect(logger.lines).to.have.length(2);
  });

  it('changes nothing if it throws', async () => {
    const logger = {
      error() {
        throw new Error('no disk');
      },
      warn() {},
    };
    await timeOutWith({ logger });
  });

  it('changes nothing if it rejects', async () => {
    const unhandled = sinon.fake();
    process.on('unhandledRejection', unhandled);
    await timeOutWith({ logger: { error: () => Promise.reject(new Error('no disk')), warn() {} } });
    time.clock.restore();
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(unhandled.called).to.equal(false);
  });
});
