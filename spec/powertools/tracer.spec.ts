import './lambda-environment.js';
import { Tracer } from '@aws-lambda-powertools/tracer';
import type { Context } from 'aws-lambda';
import { expect } from 'chai';
import { GracefulTimeout, OnTimeout } from '../../lib/index.js';
import { XRayDaemon } from '../../samples/powertools/x-ray-daemon.js';
import { expectRejection } from '../support/expect-rejection.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { inTime, marginMs, soonOver } from './lambda-context.js';
import { writtenBy } from './output.js';
import { type Kind, Work } from './work.js';

const tracer = new Tracer({ captureHTTPsRequests: false });
const work = new Work();
const logger = new RecordingLogger();

abstract class Orders {
  protected work(kind: Kind, { awsRequestId }: Context): Promise<string> {
    tracer.putAnnotation('requestId', awsRequestId);
    return work.do(kind);
  }

  @OnTimeout
  protected report(): void {
    tracer.putAnnotation('timedOut', true);
  }
}

class Above extends Orders {
  @tracer.captureLambdaHandler()
  @GracefulTimeout({ marginMs, logger })
  async handler(kind: Kind, context: Context): Promise<string> {
    return this.work(kind, context);
  }
}

class Below extends Orders {
  @GracefulTimeout({ marginMs, logger })
  @tracer.captureLambdaHandler()
  async handler(kind: Kind, context: Context): Promise<string> {
    return this.work(kind, context);
  }
}

describe('@tracer.captureLambdaHandler', () => {
  const daemon = new XRayDaemon();

  before(async () => tracer.provider.setDaemonAddress(await daemon.listen()));
  afterEach(() => work.end());
  after(() => daemon.close());

  for (const [where, orders] of [
    ['above', new Above()],
    ['below', new Below()],
  ] as const) {
    describe(`${where} @GracefulTimeout`, () => {
      it('sends the subsegment of a handler that succeeds, with its response', async () => {
        await orders.handler('succeed', inTime());
        const { fault, annotations, metadata } = await daemon.next();
        expect(fault).to.equal(undefined);
        expect(annotations).to.include({ Service: 'orders', requestId: 'request-1' });
        expect(metadata?.orders).to.include({ 'orders.handler response': 'done' });
      });

      it('sends the subsegment of a handler that fails, with its error', async () => {
        await expectRejection(orders.handler('fail', inTime()));
        const { fault, cause } = await daemon.next();
        expect(fault).to.equal(true);
        expect(cause?.exceptions[0]).to.include({ type: 'RangeError', message: 'handler failed' });
      });
    });
  }

  it('above @GracefulTimeout sends the subsegment at the timeout, with the error and the annotations of the hooks', async () => {
    const error = await expectRejection(new Above().handler('hang', soonOver()));
    const { fault, annotations, cause } = await daemon.next();
    expect(fault).to.equal(true);
    expect(annotations).to.include({ requestId: 'request-1', timedOut: true });
    expect(cause?.exceptions[0]).to.include({
      type: 'LambdaTimeoutError',
      message: (error as Error).message,
    });
  });

  it('below @GracefulTimeout sends nothing at the timeout, and a success if the abandoned handler ends later', async () => {
    const orders = new Below();
    const warnings = await writtenBy(() => expectRejection(orders.handler('hang', soonOver())));
    // The annotation of the hook goes to the main segment.
    expect(warnings).to.deep.equal([
      'You cannot annotate the main segment in a Lambda execution environment',
    ]);
    // Subsegments arrive in order, so nothing was sent for the first invocation.
    await orders.handler('succeed', inTime('request-2'));
    expect((await daemon.next()).annotations).to.include({ requestId: 'request-2' });
    await work.end();
    const { fault, annotations } = await daemon.next();
    expect(fault).to.equal(undefined);
    expect(annotations).to.include({ requestId: 'request-1' });
  });
});
