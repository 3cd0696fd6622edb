import './lambda-environment.js';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { Tracer } from '@aws-lambda-powertools/tracer';
import type { Context } from 'aws-lambda';
import { expect } from 'chai';
import { Finally, GracefulTimeout, type LambdaTimeoutError } from '../../lib/index.js';
import { XRayDaemon } from '../../samples/powertools/x-ray-daemon.js';
import { expectRejection } from '../support/expect-rejection.js';
import { inTime, marginMs, soonOver } from './lambda-context.js';
import { printedBy } from './output.js';

const tracer = new Tracer({ captureHTTPsRequests: false });
const logger = new Logger();
const metrics = new Metrics();

function block(): never {
  for (;;);
}

class Orders {
  #closeSubsegment = (): void => {};

  @tracer.captureLambdaHandler()
  @logger.injectLambdaContext({ resetKeys: true })
  @metrics.logMetrics()
  @GracefulTimeout({ marginMs, preempt: true, logger })
  async handler(kind: 'block' | 'succeed', _context: Context): Promise<string> {
    metrics.addMetric('Begun', MetricUnit.Count, 1);
    await tracer.provider.captureAsyncFunc('charge', async (subsegment) => {
      this.#closeSubsegment = () => subsegment?.close();
      await null;
      if (kind === 'block') block();
    });
    return 'done';
  }

  @Finally
  protected async close({ status }: PromiseSettledResult<string>): Promise<void> {
    await null;
    // If an interrupted function leaves it open, no part of the trace is sent.
    this.#closeSubsegment();
    logger.info(`Closed ${status}`);
  }
}

describe('preemption below the decorators of Powertools (R26)', function () {
  this.timeout(20_000);
  const daemon = new XRayDaemon();
  const orders = new Orders();

  before(async () => tracer.provider.setDaemonAddress(await daemon.listen()));
  after(() => daemon.close());

  it('interrupts a handler that blocks, and each decorator works in this invocation and in the next', async () => {
    for (const round of ['first', 'second']) {
      let error: LambdaTimeoutError | undefined;
      const [timeout, closed, published] = await printedBy(async () => {
        error = (await expectRejection(orders.handler('block', soonOver()))) as LambdaTimeoutError;
      });
      expect(error?.preempted, round).to.equal(true);
      expect(timeout).to.include({ message: error?.message, function_request_id: 'request-1' });
      expect(timeout)
        .to.have.nested.property('error.blockedAt')
        .that.matches(/^at block /);
      expect(closed).to.include({ message: 'Closed rejected', function_request_id: 'request-1' });
      expect(published).to.include({ Begun: 1 });
      const { fault, cause } = await daemon.find('## orders.handler');
      expect(fault).to.equal(true);
      expect(cause?.exceptions[0]).to.include({ type: 'LambdaTimeoutError' });

      const [next, metric] = await printedBy(() => orders.handler('succeed', inTime('request-2')));
      expect(next).to.include({ message: 'Closed fulfilled', function_request_id: 'request-2' });
      expect(metric).to.include({ Begun: 1 });
      expect((await daemon.find('## orders.handler')).fault).to.equal(undefined);
    }
  });
});
