import { Logger } from '@aws-lambda-powertools/logger';
import { expect } from 'chai';
import sinon from 'sinon';
import { Finally, GracefulTimeout, LambdaTimeoutError, OnTimeout } from '../../lib/index.js';
import { log, type TimeoutLogger } from '../../lib/report/logger.js';
import { StackBudget } from '../../lib/report/stack-budget.js';
import { useFakeTime } from '../support/fake-time.js';
import { useLeftUncaught } from '../support/left-uncaught.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { timedOut } from '../support/timed-out.js';

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

describe('what cannot be written (R25)', () => {
  const foreign = useLeftUncaught('unhandledRejection');
  const broken = (): never => {
    throw new Error('no disk');
  };
  const brokenLogger = { error: broken, warn: broken };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  afterEach(() => sinon.restore());

  it('is written by console, without its detail if that is the reason', async () => {
    const written: unknown[] = [];
    sinon.stub(console, 'warn').callsFake((...args: unknown[]) => {
      if (args.length > 1) broken();
      written.push(...args);
    });
    log(brokenLogger, 'warn', 'Orders.handler timed out', new Error('odd'));
    await settle();
    expect(written).to.deep.equal(['Orders.handler timed out']);
  });

  it('does no harm if console fails as well', async () => {
    sinon.stub(console, 'warn').callsFake(broken);
    log(brokenLogger, 'warn', 'Orders.handler timed out', 'detail');
    await settle();
    await settle();
    expect(foreign).to.deep.equal([]);
  });
});

describe('the stacks of what is logged (R12)', () => {
  const { prepareStackTrace } = Error;
  afterEach(() => {
    Error.prepareStackTrace = prepareStackTrace;
  });

  it('are written before the logger reads them, where there is a time for them', () => {
    let written = 0;
    Error.prepareStackTrace = () => String(written++);
    const logger = new RecordingLogger();
    log(logger, 'error', 'without a time', new Error('first'));
    expect(written).to.equal(0);
    log(logger, 'error', 'with a time', new Error('second'), new StackBudget(performance.now() + 1000));
    expect(written).to.equal(1);
  });

  it('are written without maps where only the logger finds them, at once', () => {
    const written: string[] = [];
    Error.prepareStackTrace = ({ message }, sites) =>
      sites.length === 0 ? `Error: ${message}` : String(written.push(message));
    const deep = new Error('deep');
    const logger = { warn() {}, error: sinon.stub().callsFake(() => deep.stack) };
    const budget = new StackBudget(performance.now() + 1000);
    log(logger, 'error', 'timed out', Object.assign(new Error('first'), { details: { deep } }), budget);
    expect(written).to.deep.equal(['first']);
    expect(deep.stack).to.match(/^Error: deep\n {4}at /);
  });
});
