import { expect } from 'chai';
import type { InvocationResult } from '../../samples/local-lambda/invocation.js';
import type { LocalLambda } from '../../samples/local-lambda/local-lambda.js';
import { closeFunctions, needsRealClient } from '../runtime/local-lambda.js';
import { type Span, spansIn } from './otlp.js';
import { useServers } from './servers.js';
import { DEADLINE_MS, RESERVE_AT_MS, tracedFunction } from './traced-functions.js';

describe('with OpenTelemetry', function () {
  this.timeout(20_000);
  needsRealClient();
  const servers = useServers();
  afterEach(closeFunctions);
  beforeEach(() => {
    servers.answersAfterMs = 0;
  });

  const start = (handler: string, env: Readonly<Record<string, string>> = {}): LocalLambda =>
    tracedFunction(`.build/opentelemetry.${handler}`, {
      NODE_OPTIONS: '--require ./.build/opentelemetry-setup.js',
      OTEL_EXPORTER_OTLP_ENDPOINT: servers.collectorUrl,
      ...env,
    });

  /** What the collector has got by the time that the invocation is over. */
  async function trace(
    lambda: LocalLambda,
    work: string,
    url = servers.silentUrl,
    hooksHang?: true,
  ): Promise<{
    result: InvocationResult;
    spans: readonly Span[];
    root: Span | undefined;
    call: Span | undefined;
  }> {
    servers.received.length = 0;
    const result = await lambda.invoke({ work, url, hooksHang });
    const spans = servers.received.flatMap(spansIn);
    const root = spans.find(({ attributes }) => attributes['faas.invocation_id'] === result.requestId);
    return { result, spans, root, call: spans.find(({ name }) => name === 'POST') };
  }

  const expectWholeTrace = ({ result, spans, root, call }: Awaited<ReturnType<typeof trace>>): void => {
    expect(result).to.include({ status: 'succeeded', response: 'done' });
    expect(spans).to.have.length(2);
    expect(root).to.include({ status: 'unset' });
    expect(call).to.include({ status: 'unset', parentSpanId: root?.spanId, traceId: root?.traceId });
  };

  it('a timeout is on the span of the invocation, with what its hook adds, but the hanging call is not sent', async () => {
    const { result, spans, root } = await trace(start('handler'), 'await');
    expect(result.error?.errorType).to.equal('LambdaTimeoutError');
    expect(result.error?.errorMessage).to.match(
      / ms, waiting for POST http:\/\/127\.0\.0\.1:\d+ since \d+ ms$/,
    );
    expect(spans).to.deep.equal([root]);
    expect(root).to.include({ status: 'error', message: result.error?.errorMessage });
    expect(root?.events).to.deep.equal([{ name: 'exception', type: 'LambdaTimeoutError' }]);
    expect(root?.attributes)
      .to.include({ 'timeout.handler': 'Orders.handler' })
      .and.not.have.any.keys('error.type');
  });

  it('a call that takes the signal is sent too, as failed by the timeout', async () => {
    const { result, spans, root, call } = await trace(start('handler'), 'cancel');
    expect(result.error?.errorType).to.equal('LambdaTimeoutError');
    expect(spans).to.have.length(2);
    expect(root).to.include({ status: 'error' });
    expect(call).to.include({ status: 'error', parentSpanId: root?.spanId, traceId: root?.traceId });
    expect(call?.attributes).to.include({
      'error.type': 'LambdaTimeoutError',
      'url.full': `${servers.silentUrl}/`,
    });
  });

  it('the invocation after it has a whole trace; a call that ends late comes with it, in its own trace', async () => {
    const lambda = start('handler');
    const late = await trace(lambda, 'await');
    servers.breakSilence();
    const next = await trace(lambda, 'await', servers.promptUrl);
    const lateCall = next.spans.find(({ traceId }) => traceId === late.root?.traceId);
    expect(lateCall).to.include({ name: 'POST', status: 'unset', parentSpanId: late.root?.spanId });
    const spans = next.spans.filter((span) => span !== lateCall);
    expectWholeTrace({ ...next, spans, call: spans.find(({ name }) => name === 'POST') });
    expect(next.result.processId).to.equal(late.result.processId);
    expectWholeTrace(await trace(lambda, 'await', servers.promptUrl));
  });

  it('a timeout that a hook answers is a success; only what the hook adds tells of it', async () => {
    const lambda = start('responder');
    const { result, spans, root } = await trace(lambda, 'await');
    expect(result).to.include({ status: 'succeeded', response: 'later' });
    expect(spans).to.deep.equal([root]);
    expect(root).to.deep.include({ status: 'unset', events: [] });
    expect(root?.attributes).to.include({ 'timeout.handler': 'AnsweredOrders.handler' });
    expectWholeTrace(await trace(lambda, 'await', servers.promptUrl));
  });

  it('an end in grace is a success; only the call tells of it', async () => {
    const lambda = start('handler');
    const { result, root, call } = await trace(lambda, 'end in grace');
    expect(result).to.include({ status: 'succeeded', response: 'given up' });
    expect(root).to.deep.include({ status: 'unset', events: [] });
    expect(root?.attributes).not.to.have.any.keys('timeout.handler');
    expect(call).to.include({ status: 'error', parentSpanId: root?.spanId });
    expectWholeTrace(await trace(lambda, 'await', servers.promptUrl));
  });

  it('an interruption is on the span as any timeout is', async () => {
    const lambda = start('interrupted');
    const { result, spans, root, call } = await trace(lambda, 'block', servers.promptUrl);
    expect(result.error?.errorMessage).to.match(/it blocked the event loop and was interrupted/);
    expect(spans).to.have.length(2);
    expect(root).to.include({ status: 'error', message: result.error?.errorMessage });
    expect(root?.attributes).to.include({ 'timeout.handler': 'InterruptedOrders.handler' });
    expect(call).to.include({ status: 'unset', parentSpanId: root?.spanId });
    const next = await trace(lambda, 'await', servers.promptUrl);
    expectWholeTrace(next);
    expect(next.result.processId).to.equal(result.processId);
  });

  describe('the response waits for the collector', () => {
    it('as long as that takes', async () => {
      servers.answersAfterMs = 300;
      const { result, root } = await trace(start('handler'), 'await');
      expect(result.error?.errorType).to.equal('LambdaTimeoutError');
      expect(result.durationMs).to.be.within(DEADLINE_MS + 300, DEADLINE_MS + 700);
      expect(root).to.include({ status: 'error' });
    });

    it('beyond the deadline of Lambda, which kills it then, whatever the timeout of the processor', async () => {
      servers.answersAfterMs = undefined;
      const { result, root } = await trace(start('handler', { OTEL_BSP_EXPORT_TIMEOUT: '300' }), 'await');
      expect(result.status).to.equal('timed out');
      expect(root).to.include({ status: 'error' });
    });

    it('no longer than the timeout of the exporter, for which a reserve of 200 ms more is enough after hooks that hang', async () => {
      servers.answersAfterMs = undefined;
      const lambda = start('handler', { OTEL_EXPORTER_OTLP_TIMEOUT: '300' });
      const { result, root } = await trace(lambda, 'await', servers.silentUrl, true);
      expect(result.error?.errorType).to.equal('LambdaTimeoutError');
      expect(result.durationMs).to.be.within(RESERVE_AT_MS + 290, 2000);
      expect(root).to.include({ status: 'error' });
    });
  });
});
