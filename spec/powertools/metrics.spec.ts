import './lambda-environment.js';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Context } from 'aws-lambda';
import { expect } from 'chai';
import { Finally, GracefulTimeout, LambdaTimeoutError, OnTimeout } from '../../lib/index.js';
import { expectRejection } from '../support/expect-rejection.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { inTime, marginMs, soonOver } from './lambda-context.js';
import { type Line, printedBy } from './output.js';
import { type Kind, Work } from './work.js';

const metrics = new Metrics();
const strictMetrics = new Metrics();
const work = new Work();
const logger = new RecordingLogger();

const count = (name: string): void => void metrics.addMetric(name, MetricUnit.Count, 1);

abstract class Orders {
  protected async work(kind: Kind, context: Context): Promise<string> {
    metrics.addMetadata('requestId', context.awsRequestId);
    count('Begun');
    const result = await work.do(kind);
    count('Done');
    return result;
  }

  @OnTimeout
  protected report(): void {
    count('TimedOut');
  }

  @Finally
  protected close(): void {
    count('Closed');
  }
}

class Above extends Orders {
  @metrics.logMetrics()
  @GracefulTimeout({ marginMs, logger })
  async handler(kind: Kind, context: Context): Promise<string> {
    return this.work(kind, context);
  }
}

class Below extends Orders {
  @GracefulTimeout({ marginMs, logger })
  @metrics.logMetrics()
  async handler(kind: Kind, context: Context): Promise<string> {
    return this.work(kind, context);
  }
}

class Strict {
  @strictMetrics.logMetrics({ throwOnEmptyMetrics: true })
  @GracefulTimeout({ marginMs, logger })
  async handler(kind: Kind, _context: Context): Promise<string> {
    return work.do(kind);
  }
}

class StrictCounting extends Strict {
  @OnTimeout
  protected report(): void {
    strictMetrics.addMetric('TimedOut', MetricUnit.Count, 1);
  }
}

interface Emf extends Line {
  readonly _aws: { readonly CloudWatchMetrics: readonly { readonly Metrics: readonly { Name: string }[] }[] };
}

/** The names of the metrics in each document of the embedded metric format. */
const published = (lines: Line[]): string[][] =>
  (lines as Emf[]).map(({ _aws }) =>
    _aws.CloudWatchMetrics.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name)),
  );

describe('@metrics.logMetrics', () => {
  afterEach(async () => {
    await printedBy(() => work.end());
    metrics.clearMetrics();
  });

  describe('above @GracefulTimeout', () => {
    const orders = new Above();

    it('publishes the metrics of the handler and its hooks at the timeout', async () => {
      const lines = await printedBy(() => expectRejection(orders.handler('hang', soonOver())));
      expect(published(lines)).to.deep.equal([['Begun', 'TimedOut', 'Closed']]);
      expect(lines[0]).to.include({ service: 'orders', requestId: 'request-1' });
    });

    it('publishes the metrics of a handler that fails, with those of its hooks', async () => {
      const lines = await printedBy(() => expectRejection(orders.handler('fail', inTime())));
      expect(published(lines)).to.deep.equal([['Begun', 'Closed']]);
    });

    it('publishes the metrics of a handler that succeeds, with those of its hooks', async () => {
      const lines = await printedBy(() => orders.handler('succeed', inTime()));
      expect(published(lines)).to.deep.equal([['Begun', 'Done', 'Closed']]);
    });

    it('publishes later metrics of the abandoned handler with those of the next invocation', async () => {
      await printedBy(() => expectRejection(orders.handler('hang', soonOver())));
      await work.end();
      const lines = await printedBy(() => orders.handler('succeed', inTime('request-2')));
      expect(published(lines)).to.deep.equal([['Done', 'Begun', 'Closed']]);
      expect(lines[0]).to.deep.include({ requestId: 'request-2', Done: [1, 1] });
    });

    it('replaces the timeout with its own error if it throws on empty metrics, unless a hook adds a metric', async () => {
      const error = await expectRejection(new Strict().handler('hang', soonOver()));
      expect(error).to.be.instanceOf(RangeError).and.not.instanceOf(LambdaTimeoutError);
      expect(logger.lines.at(-1)?.detail).to.be.instanceOf(LambdaTimeoutError);
      const lines = await printedBy(async () => {
        const timeout = await expectRejection(new StrictCounting().handler('hang', soonOver()));
        expect(timeout).to.be.instanceOf(LambdaTimeoutError);
      });
      expect(published(lines)).to.deep.equal([['TimedOut']]);
    });
  });

  describe('below @GracefulTimeout', () => {
    const orders = new Below();

    it('publishes nothing at the timeout, but adds it to the metrics of the next invocation', async () => {
      const atTimeout = await printedBy(() => expectRejection(orders.handler('hang', soonOver())));
      expect(published(atTimeout)).to.deep.equal([]);
      const next = await printedBy(() => orders.handler('succeed', inTime('request-2')));
      expect(published(next)).to.deep.equal([['Begun', 'TimedOut', 'Closed', 'Done']]);
      expect(next[0]).to.deep.include({ requestId: 'request-2', Begun: [1, 1] });
    });

    it('publishes the metrics of a handler that ends in time, but those of its hooks in the next invocation', async () => {
      const failed = await printedBy(() => expectRejection(orders.handler('fail', inTime())));
      const succeeded = await printedBy(() => orders.handler('succeed', inTime('request-2')));
      expect(published([...failed, ...succeeded])).to.deep.equal([['Begun'], ['Closed', 'Begun', 'Done']]);
    });
  });
});
