import { expect } from 'chai';
import type { InvocationResult } from '../../samples/local-lambda/invocation.js';
import type { LocalLambda } from '../../samples/local-lambda/local-lambda.js';
import { closeFunctions, needsRealClient } from '../runtime/local-lambda.js';
import { type Span, spansIn } from './otlp.js';
import { useServers } from './servers.js';
import { DEADLINE_MS, RESERVE_AT_MS, tracedFunction } from './traced-functions.js';

interface Trace {
  readonly result: InvocationResult;
  /** Of the invocation. */
  readonly root: Span | undefined;
  /** What the handler itself has around its work. */
  readonly own: Span | undefined;
  readonly call: Span | undefined;
  /** All three of them, as far as they were sent. */
  readonly spans: readonly Span[];
  /** Those of other traces. */
  readonly others: readonly Span[];
}

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
  ): Promise<Trace> {
    servers.received.length = 0;
    const result = await lambda.invoke({ work, url, hooksHang });
    const received = servers.received.flatMap(spansIn);
    const root = received.find(({ attributes }) => attributes['faas.invocation_id'] === result.requestId);
    const others = received.filter(({ traceId }) => traceId !== root?.traceId);
    const spans = received.filter((span) => !others.includes(span));
    return { result, root, own: named('order', spans), call: named('POST', spans), spans, others };
  }

  const named = (wanted: string, spans: readonly Span[]): Span | undefined =>
    spans.find(({ name }) => name === wanted);

  function expectWholeTrace({ result, root, own, call, spans }: Trace): void {
    expect(result).to.include({ status: 'succeeded', response: 'done' });
    expect(spans).to.have.length(3);
    expect(root).to.include({ status: 'unset' });
    expect(own).to.include({ status: 'unset', parentSpanId: root?.spanId });
    expect(call).to.include({ status: 'unset', parentSpanId: own?.spanId });
  }

  /** That an event has a whole trace, and that it alone is sent. */
  async function expectNextIsWhole(lambda: LocalLambda, before: Trace): Promise<void> {
    const next = await trace(lambda, 'await', servers.promptUrl);
    expectWholeTrace(next);
    expect(next.others).to.deep.equal([]);
    expect(next.result.processId).to.equal(before.result.processId);
  }

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
    const lambda = start('handler');
    const timeout = await trace(lambda, 'cancel');
    const { result, root, own, call, spans } = timeout;
    expect(result.error?.errorType).to.equal('LambdaTimeoutError');
    expect(spans).to.have.length(3);
    expect(root).to.include({ status: 'error' });
    expect(own).to.include({ parentSpanId: root?.spanId });
    expect(call).to.include({ status: 'error', parentSpanId: own?.spanId });
    expect(call?.attributes).to.include({
      'error.type': 'LambdaTimeoutError',
      'url.full': `${servers.silentUrl}/`,
    });
    await expectNextIsWhole(lambda, timeout);
  });

  it('the invocation after it has a whole trace; what ends late comes with it, in its own trace', async () => {
    const lambda = start('handler');
    const late = await trace(lambda, 'await');
    servers.breakSilence();
    const next = await trace(lambda, 'await', servers.promptUrl);
    expectWholeTrace(next);
    const [own, call] = [named('order', next.others), named('POST', next.others)];
    expect(next.others).to.have.length(2);
    expect(own).to.include({ status: 'unset', parentSpanId: late.root?.spanId, traceId: late.root?.traceId });
    expect(call).to.include({ status: 'unset', parentSpanId: own?.spanId, traceId: late.root?.traceId });
    await expectNextIsWhole(lambda, late);
  });

  it('a timeout that a hook answers is a success; only what the hook adds tells of it', async () => {
    const lambda = start('responder');
    const answered = await trace(lambda, 'await');
    const { result, root, spans } = answered;
    expect(result).to.include({ status: 'succeeded', response: 'later' });
    expect(spans).to.deep.equal([root]);
    expect(root).to.deep.include({ status: 'unset', events: [] });
    expect(root?.attributes).to.include({ 'timeout.handler': 'AnsweredOrders.handler' });
    await expectNextIsWhole(lambda, answered);
  });

  it('an end in grace is a success; only the call tells of it', async () => {
    const lambda = start('handler');
    const ended = await trace(lambda, 'end in grace');
    const { result, root, own, call } = ended;
    expect(result).to.include({ status: 'succeeded', response: 'given up' });
    expect(root).to.deep.include({ status: 'unset', events: [] });
    expect(root?.attributes).not.to.have.any.keys('timeout.handler');
    expect(call).to.include({ status: 'error', parentSpanId: own?.spanId });
    await expectNextIsWhole(lambda, ended);
  });

  it('an interruption is on the span as any timeout is; a span that the interrupted code has open is not sent', async () => {
    const lambda = start('interrupted');
    const interrupted = await trace(lambda, 'block', servers.promptUrl);
    const { result, root, own, call, spans } = interrupted;
    expect(result.error?.errorMessage).to.match(/it blocked the event loop and was interrupted/);
    expect(spans).to.have.length(2);
    expect(root).to.include({ status: 'error', message: result.error?.errorMessage });
    expect(root?.attributes).to.include({ 'timeout.handler': 'InterruptedOrders.handler' });
    expect(call).to.include({ status: 'unset' });
    expect(own).to.equal(undefined);
    await expectNextIsWhole(lambda, interrupted);
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
