import { expect } from 'chai';
import type { InvocationResult } from '../../samples/local-lambda/invocation.js';
import type { LocalLambda } from '../../samples/local-lambda/local-lambda.js';
import { closeFunctions, needsRealClient } from '../runtime/local-lambda.js';
import { type Span, spansIn } from './otlp.js';
import { useServers } from './servers.js';
import { DEADLINE_MS, RESERVE_AT_MS, tracedFunction } from './traced-functions.js';

interface Trace {
  readonly result: InvocationResult;
  /** The span of the invocation. */
  readonly root: Span | undefined;
  /** The span that the handler itself has around its work. */
  readonly own: Span | undefined;
  readonly call: Span | undefined;
  /** All spans of the trace that were sent. */
  readonly spans: readonly Span[];
  /** The spans of other traces. */
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

  /** What the collector has received when the invocation ends. */
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

  /** Expects that the next event has a complete trace, and that no other trace is sent. */
  async function expectNextIsWhole(lambda: LocalLambda, before: Trace): Promise<void> {
    const next = await trace(lambda, 'await', servers.promptUrl);
    expectWholeTrace(next);
    expect(next.others).to.deep.equal([]);
    expect(next.result.processId).to.equal(before.result.processId);
  }

  it('a timeout is the error of the invocation span, with what the hook adds; the hanging call is not sent', async () => {
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

  it('a call that takes the signal is sent too, with the timeout as its error', async () => {
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

  it('the invocation after a timeout has a complete trace; spans that end late are sent with it, in the trace of the timeout', async () => {
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

  it('a timeout with a response from a hook is a success; only what the hook adds shows it', async () => {
    const lambda = start('responder');
    const answered = await trace(lambda, 'await');
    const { result, root, spans } = answered;
    expect(result).to.include({ status: 'succeeded', response: 'later' });
    expect(spans).to.deep.equal([root]);
    expect(root).to.deep.include({ status: 'unset', events: [] });
    expect(root?.attributes).to.include({ 'timeout.handler': 'AnsweredOrders.handler' });
    await expectNextIsWhole(lambda, answered);
  });

  it('a handler that ends in its grace is a success; only the failed call shows the timeout', async () => {
    const lambda = start('handler');
    const ended = await trace(lambda, 'end in grace');
    const { result, root, own, call } = ended;
    expect(result).to.include({ status: 'succeeded', response: 'given up' });
    expect(root).to.deep.include({ status: 'unset', events: [] });
    expect(root?.attributes).not.to.have.any.keys('timeout.handler');
    expect(call).to.include({ status: 'error', parentSpanId: own?.spanId });
    await expectNextIsWhole(lambda, ended);
  });

  it('an interruption is on the span like any timeout; a span that the interrupted code leaves open is not sent', async () => {
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
    it('until it answers', async () => {
      servers.answersAfterMs = 300;
      const { result, root } = await trace(start('handler'), 'await');
      expect(result.error?.errorType).to.equal('LambdaTimeoutError');
      expect(result.durationMs).to.be.within(DEADLINE_MS + 300, DEADLINE_MS + 700);
      expect(root).to.include({ status: 'error' });
    });

    it('until Lambda kills the process at the hard deadline, even if the processor has a timeout', async () => {
      servers.answersAfterMs = undefined;
      const { result, root } = await trace(start('handler', { OTEL_BSP_EXPORT_TIMEOUT: '300' }), 'await');
      expect(result.status).to.equal('timed out');
      expect(root).to.include({ status: 'error' });
    });

    it('at most for the timeout of the exporter; a reserve that is 200 ms longer is enough, even if hooks hang', async () => {
      servers.answersAfterMs = undefined;
      const lambda = start('handler', { OTEL_EXPORTER_OTLP_TIMEOUT: '300' });
      const { result, root } = await trace(lambda, 'await', servers.silentUrl, true);
      expect(result.error?.errorType).to.equal('LambdaTimeoutError');
      expect(result.durationMs).to.be.within(RESERVE_AT_MS + 290, 2000);
      expect(root).to.include({ status: 'error' });
    });
  });
});
