import './lambda-environment.js';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { expect } from 'chai';
import { Finally, GracefulTimeout, type LambdaTimeoutError, OnTimeout } from '../../lib/index.js';
import { expectRejection } from '../support/expect-rejection.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { inTime, leaving, marginMs, soonOver } from './lambda-context.js';
import { type Line, printedBy } from './output.js';
import { type Kind, Work } from './work.js';

interface Order {
  readonly id: 'A' | 'B';
  readonly kind: Kind;
}

const logger = new Logger({ correlationIdSearchFn: (key, order) => (order as Line)[key] });
const bufferingLogger = new Logger({ logBufferOptions: { enabled: true, flushOnErrorLog: false } });
const flushingLogger = new Logger({ logBufferOptions: { enabled: true } });
const works = { A: new Work(), B: new Work() };

const resetting = { resetKeys: true, correlationIdPath: 'id' };
const flushing = { flushBufferOnUncaughtError: true };

abstract class Orders {
  protected async work({ id, kind }: Order): Promise<string> {
    logger.info('Began');
    logger.appendKeys({ orderId: id });
    const result = await works[id].do(kind);
    logger.info('Done');
    return result;
  }

  @OnTimeout
  protected report(): void {
    logger.warn('Reported');
  }

  @Finally
  protected close(): void {
    logger.info('Closed');
  }
}

class Above extends Orders {
  @logger.injectLambdaContext(resetting)
  @GracefulTimeout({ marginMs, logger })
  async handler(order: Order, _context: Context): Promise<string> {
    return this.work(order);
  }
}

class Below extends Orders {
  @GracefulTimeout({ marginMs, logger })
  @logger.injectLambdaContext(resetting)
  async handler(order: Order, _context: Context): Promise<string> {
    return this.work(order);
  }
}

class BufferingAbove {
  @bufferingLogger.injectLambdaContext(flushing)
  @GracefulTimeout({ marginMs, logger: bufferingLogger })
  async handler({ id, kind }: Order, _context: Context): Promise<string> {
    bufferingLogger.debug('Began');
    return works[id].do(kind);
  }
}

class Unanswering extends BufferingAbove {
  @OnTimeout({ respond: true })
  protected respond(): never {
    throw new Error('no answer');
  }
}

class BufferingBelow {
  @GracefulTimeout({ marginMs, logger: bufferingLogger })
  @bufferingLogger.injectLambdaContext(flushing)
  async handler({ id, kind }: Order, _context: Context): Promise<string> {
    bufferingLogger.debug('Began');
    return works[id].do(kind);
  }
}

class Flushing {
  @flushingLogger.injectLambdaContext()
  @GracefulTimeout({ marginMs, logger: flushingLogger })
  async handler({ id, kind }: Order, _context: Context): Promise<string> {
    flushingLogger.debug('Began');
    return works[id].do(kind);
  }
}

class Unlogged {
  @flushingLogger.injectLambdaContext()
  @GracefulTimeout({ marginMs, logger: new RecordingLogger() })
  async handler({ id, kind }: Order, _context: Context): Promise<string> {
    flushingLogger.debug('Began');
    return works[id].do(kind);
  }
}

const keys = ({ message, function_request_id, correlation_id, orderId }: Line) => ({
  message,
  function_request_id,
  correlation_id,
  orderId,
});

const messages = (lines: Line[]): unknown[] => lines.map(({ message }) => message);

describe('@logger.injectLambdaContext', () => {
  afterEach(async () => {
    await printedBy(() => Promise.all([works.A.end(), works.B.end()]));
    logger.resetKeys();
  });

  describe('above @GracefulTimeout', () => {
    const orders = new Above();
    const ofFirst = { function_request_id: 'request-1', correlation_id: 'A', orderId: 'A' };

    it('logs the timeout and the hooks with the keys of their invocation', async () => {
      let error: LambdaTimeoutError | undefined;
      const lines = await printedBy(async () => {
        error = (await expectRejection(
          orders.handler({ id: 'A', kind: 'hang' }, soonOver()),
        )) as LambdaTimeoutError;
      });
      expect(lines.map(keys).slice(1)).to.deep.equal([
        { message: error?.message, ...ofFirst },
        { message: 'Reported', ...ofFirst },
        { message: 'Closed', ...ofFirst },
      ]);
    });

    it('resets the keys after a timeout, a failure and a success', async () => {
      for (const kind of ['hang', 'fail', 'succeed'] as const) {
        const context = kind === 'hang' ? soonOver() : inTime();
        await printedBy(() => orders.handler({ id: 'A', kind }, context).catch(() => {}));
        const [began] = await printedBy(() => orders.handler({ id: 'B', kind: 'succeed' }, inTime()));
        expect(began, kind).to.include({ message: 'Began' }).and.not.have.property('orderId');
      }
    });

    it('logs later lines of the abandoned handler with the keys of the next invocation', async () => {
      await printedBy(() => expectRejection(orders.handler({ id: 'A', kind: 'hang' }, soonOver())));
      const [, done] = await printedBy(async () => {
        const next = orders.handler({ id: 'B', kind: 'hang' }, inTime('request-2'));
        await works.A.end();
        await works.B.end();
        await next;
      });
      expect(done).to.include({ message: 'Done', function_request_id: 'request-2', orderId: 'B' });
    });

    it('logs a late rejection with the keys of the next invocation, but its message names the right request', async () => {
      await printedBy(() => expectRejection(orders.handler({ id: 'A', kind: 'fail late' }, soonOver())));
      const [, late] = await printedBy(async () => {
        const next = orders.handler({ id: 'B', kind: 'hang' }, inTime('request-2'));
        await works.A.end();
        await works.B.end();
        await next;
      });
      expect(late).to.include({
        level: 'WARN',
        message: 'Above.handler rejected late, after it had ended, in request request-1',
        function_request_id: 'request-2',
      });
    });

    it('logs the error of a responding hook as the cause of the timeout', async () => {
      const lines = await printedBy(() =>
        expectRejection(new Unanswering().handler({ id: 'A', kind: 'hang' }, soonOver())),
      );
      const { error } = lines.at(-1) as { error: { name: string; cause: object } };
      expect(error).to.include({ name: 'LambdaTimeoutError' });
      expect(error.cause).to.include({ name: 'Error', message: 'no answer' });
    });

    it('prints the buffered lines at the timeout', async () => {
      const lines = await printedBy(() =>
        expectRejection(new BufferingAbove().handler({ id: 'A', kind: 'hang' }, soonOver())),
      );
      const [timeout, ...rest] = messages(lines);
      expect(timeout).to.match(/^BufferingAbove\.handler timed out/);
      expect(rest).to.deep.equal(['Began', 'Uncaught error detected, flushing log buffer before exit']);
    });
  });

  describe('below @GracefulTimeout', () => {
    const orders = new Below();

    it('logs the timeout and the hooks with the keys of their invocation too', async () => {
      const lines = await printedBy(() =>
        expectRejection(orders.handler({ id: 'A', kind: 'hang' }, soonOver())),
      );
      expect(messages(lines).slice(-2)).to.deep.equal(['Reported', 'Closed']);
      for (const line of lines.slice(1)) {
        expect(line).to.include({ function_request_id: 'request-1', orderId: 'A' });
      }
    });

    it('uses the keys of the previous invocation for a timeout before the handler is called', async () => {
      await printedBy(() => orders.handler({ id: 'A', kind: 'succeed' }, inTime('request-1')));
      const [timeout] = await printedBy(() =>
        expectRejection(orders.handler({ id: 'B', kind: 'succeed' }, leaving(-1, 'request-2'))),
      );
      expect(timeout).to.include({ function_request_id: 'request-1' });
      expect(timeout?.error).to.include({ requestId: 'request-2' });
    });

    it('resets the keys before the hooks run, if the handler ends in time', async () => {
      const [, done, closed] = await printedBy(() => orders.handler({ id: 'A', kind: 'succeed' }, inTime()));
      expect(done).to.include({ message: 'Done', orderId: 'A' });
      expect(closed).to.include({ message: 'Closed' }).and.not.have.property('orderId');
    });

    it('keeps the keys after a timeout, and resets those of the next invocation when the abandoned handler ends', async () => {
      await printedBy(() => expectRejection(orders.handler({ id: 'A', kind: 'hang' }, soonOver())));
      let next: Promise<string> | undefined;
      const [began] = await printedBy(async () => {
        next = orders.handler({ id: 'B', kind: 'hang' }, inTime('request-2'));
        await works.A.end();
      });
      expect(began).to.include({ message: 'Began', function_request_id: 'request-2', orderId: 'A' });
      const [done] = await printedBy(async () => {
        await works.B.end();
        await next;
      });
      expect(done).to.include({ message: 'Done' }).and.not.have.property('orderId');
    });

    it('never prints the buffered lines', async () => {
      const orders = new BufferingBelow();
      const lines = await printedBy(async () => {
        await expectRejection(orders.handler({ id: 'A', kind: 'hang' }, soonOver()));
        await works.A.end();
      });
      const [timeout, late, ...others] = messages(lines);
      expect(timeout).to.match(/^BufferingBelow\.handler timed out/);
      expect(late).to.match(/^BufferingBelow\.handler answered late/);
      expect(others).to.deep.equal([]);
    });
  });

  describe('a Logger that buffers', () => {
    it('prints its buffer before the timeout if it is the option `logger`', async () => {
      const lines = await printedBy(() =>
        expectRejection(new Flushing().handler({ id: 'A', kind: 'hang' }, soonOver())),
      );
      const [began, timeout] = messages(lines);
      expect(began).to.equal('Began');
      expect(timeout).to.match(/^Flushing\.handler timed out/);
    });

    it('prints nothing if it is not the option `logger`', async () => {
      const lines = await printedBy(() =>
        expectRejection(new Unlogged().handler({ id: 'A', kind: 'hang' }, soonOver())),
      );
      expect(lines).to.deep.equal([]);
    });
  });
});
