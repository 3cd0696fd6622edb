import { expect } from 'chai';
import type { InvocationResult, LogLine } from '../../samples/local-lambda/invocation.js';
import type { LocalLambda } from '../../samples/local-lambda/local-lambda.js';
import { closeFunctions, needsRealClient, printed } from '../runtime/local-lambda.js';
import { useServers } from './servers.js';
import { DEADLINE_MS, tracedFunction } from './traced-functions.js';

interface DatadogSpan {
  readonly trace_id: string;
  readonly name: string;
  readonly error: 0 | 1;
  readonly meta: Readonly<Record<string, string>>;
}

interface Traced {
  readonly result: InvocationResult;
  readonly root: DatadogSpan | undefined;
  readonly call: DatadogSpan | undefined;
  /** The enhanced metrics, by the last part of their names. */
  readonly metrics: readonly string[];
}

/** With this setting dd-trace does not wrap the handler too, so there is no timer of its wrapper. */
const WITHOUT_TIMER = { DD_TRACE_DISABLED_INSTRUMENTATIONS: 'lambda' };

describe('with Datadog', function () {
  this.timeout(20_000);
  needsRealClient();
  const servers = useServers();
  afterEach(closeFunctions);

  const start = (handler: string, env: Readonly<Record<string, string>> = {}): LocalLambda =>
    tracedFunction('node_modules/datadog-lambda-js/dist/handler.handler', {
      DD_LAMBDA_HANDLER: `.build/datadog.${handler}`,
      DD_API_KEY: 'none',
      DD_FLUSH_TO_LOG: 'true',
      ...env,
    });

  /** What was printed during an invocation. */
  async function trace(lambda: LocalLambda, work: string, url = servers.silentUrl): Promise<Traced> {
    const result = await lambda.invoke({ work, url });
    return tracedIn(result.lines, result);
  }

  /** What some lines say about an invocation. */
  function tracedIn(lines: readonly LogLine[], result: InvocationResult): Traced {
    const entries = printed({ lines })
      .filter((line) => line.startsWith('{'))
      .map((line): { traces?: readonly (readonly DatadogSpan[])[]; m?: string } => JSON.parse(line));
    const spans = entries.flatMap(({ traces = [] }) => traces.flat());
    const root = spans.find(({ meta }) => meta.request_id === result.requestId);
    return {
      result,
      root,
      call: spans.find(({ name, trace_id }) => name === 'http.request' && trace_id === root?.trace_id),
      metrics: entries.flatMap(({ m }) => m?.split('.').at(-1) ?? []),
    };
  }

  function expectTimeout({ result, root, metrics }: Traced): void {
    expect(result.error?.errorType).to.equal('LambdaTimeoutError');
    expect(metrics).to.deep.equal(['invocations', 'errors']);
    expect(root?.error).to.equal(1);
    expect(root?.meta).to.include({
      'error.type': 'LambdaTimeoutError',
      'error.message': result.error?.errorMessage,
      'timeout.handler': result.error?.errorMessage.split(' ')[0],
    });
  }

  function expectSuccess({ result, root, call, metrics }: Traced): void {
    expect(result).to.include({ status: 'succeeded', response: 'done' });
    expect(metrics).to.deep.equal(['invocations']);
    expect([root?.error, call?.error]).to.deep.equal([0, 0]);
  }

  it('a timeout is counted, but its trace is not sent while the hanging call is open', async () => {
    const { result, root, metrics } = await trace(start('handler'), 'await');
    expect(result.error?.errorType).to.equal('LambdaTimeoutError');
    expect(metrics).to.deep.equal(['invocations', 'errors']);
    expect(root).to.equal(undefined);
  });

  it('the trace of a timeout is sent with the next invocation, after the hanging call has ended', async () => {
    const lambda = start('handler');
    const { result, metrics } = await trace(lambda, 'await');
    servers.breakSilence();
    expectSuccess(await trace(lambda, 'await', servers.promptUrl));
    const late = { ...tracedIn(lambda.log, result), metrics };
    expectTimeout(late);
    expect(late.call?.error).to.equal(0);
  });

  it('the span of a timeout is sent, without the hanging call, if finished spans do not wait for their trace', async () => {
    const timeout = await trace(start('handler', { DD_TRACE_PARTIAL_FLUSH_MIN_SPANS: '1' }), 'await');
    expectTimeout(timeout);
    expect(timeout.call).to.equal(undefined);
  });

  it('the trace of a timeout is complete if the call takes the signal', async () => {
    const timeout = await trace(start('handler'), 'cancel');
    expectTimeout(timeout);
    expect(timeout.call?.error).to.equal(1);
    expect(timeout.call?.meta).to.include({ 'error.type': 'LambdaTimeoutError' });
  });

  it('a timeout with a response from a hook is a success; only the tag of the hook shows it', async () => {
    const lambda = start('responder', { DD_TRACE_PARTIAL_FLUSH_MIN_SPANS: '1' });
    const { result, root, metrics } = await trace(lambda, 'await');
    expect(result).to.include({ status: 'succeeded', response: 'later' });
    expect(metrics).to.deep.equal(['invocations']);
    expect(root?.error).to.equal(0);
    expect(root?.meta).to.include({ 'timeout.handler': 'AnsweredOrders.handler' });
    expectSuccess(await trace(lambda, 'await', servers.promptUrl));
  });

  it('a handler that ends in its grace is a success; only the failed call shows the timeout', async () => {
    const lambda = start('handler');
    const { result, root, call, metrics } = await trace(lambda, 'end in grace');
    expect(result).to.include({ status: 'succeeded', response: 'given up' });
    expect(metrics).to.deep.equal(['invocations']);
    expect([root?.error, call?.error]).to.deep.equal([0, 1]);
    expect(root?.meta).not.to.have.any.keys('timeout.handler');
    expectSuccess(await trace(lambda, 'await', servers.promptUrl));
  });

  it('an interruption is counted, but its trace is not sent, even later, if the interrupted code leaves a span open', async () => {
    const lambda = start('interrupted');
    const { result, root, metrics } = await trace(lambda, 'block', servers.promptUrl);
    expect(result.error?.errorType).to.equal('LambdaTimeoutError');
    expect(metrics).to.deep.equal(['invocations', 'errors']);
    expect(root).to.equal(undefined);
    expectSuccess(await trace(lambda, 'await', servers.promptUrl));
    expect(tracedIn(lambda.log, result).root).to.equal(undefined);
  });

  it('an interruption is on the span like any timeout, if finished spans do not wait for their trace', async () => {
    const lambda = start('interrupted', { DD_TRACE_PARTIAL_FLUSH_MIN_SPANS: '1' });
    const interrupted = await trace(lambda, 'block', servers.promptUrl);
    expectTimeout(interrupted);
    expect(interrupted.result.error?.errorMessage).to.match(/it blocked the event loop and was interrupted/);
    expect(interrupted.call?.error).to.equal(0);
    const next = await trace(lambda, 'await', servers.promptUrl);
    expectSuccess(next);
    expect(next.result.processId).to.equal(interrupted.result.processId);
  });

  describe('the response does not wait for Datadog', () => {
    const expectNoWait = ({ durationMs }: InvocationResult): void => {
      expect(durationMs).to.be.within(DEADLINE_MS - 10, DEADLINE_MS + 250);
    };

    it('the log has the complete trace before the response', async () => {
      const { result, root } = await trace(start('handler'), 'cancel');
      expectNoWait(result);
      expect(root?.error).to.equal(1);
    });

    it('the extension has received the trace when the invocation ends, and need not answer', async () => {
      servers.answersAfterMs = undefined;
      const lambda = start('handler', {
        NODE_OPTIONS: '--require ./.build/datadog-extension.js',
        DD_FLUSH_TO_LOG: 'false',
        DD_TRACE_AGENT_URL: servers.collectorUrl,
      });
      const { result, root } = await trace(lambda, 'cancel');
      expectNoWait(result);
      expect(root).to.equal(undefined);
      expect(servers.received).to.have.length(1);
      for (const part of [result.requestId, 'timeout.handler', 'http.request', 'LambdaTimeoutError']) {
        expect(servers.received[0]).to.include(part);
      }
    });
  });

  describe('the timer of dd-trace, set to 100 ms before the hard deadline', () => {
    it('fires in a later invocation after a rejection, and sends the span of that invocation before its error', async () => {
      const lambda = start('handler');
      await trace(lambda, 'cancel');
      const { result, root, call } = await trace(lambda, 'cancel');
      expect(result.error?.errorType).to.equal('LambdaTimeoutError');
      expect([root?.error, call?.error]).to.deep.equal([0, 1]);
      expect(root?.meta).not.to.have.any.keys('error.type', 'timeout.handler');
    });

    it('fires in a later invocation after a rejection without this package too', async () => {
      const lambda = start('undecorated');
      const failed = await trace(lambda, 'await');
      expect(failed.root?.error).to.equal(1);
      const { result, root } = await trace(lambda, 'cancel');
      expect(result.error?.errorType).to.equal('RangeError');
      expect(root?.error).to.equal(0);
    });

    it('is cleared after a hook has responded', async () => {
      const lambda = start('responder');
      await trace(lambda, 'cancel');
      const { root, call } = await trace(lambda, 'cancel');
      expect([root?.error, call?.error]).to.deep.equal([0, 1]);
      expect(root?.meta).to.include({ 'timeout.handler': 'AnsweredOrders.handler' });
    });

    it('does not exist if dd-trace does not wrap the handler, and nothing else is missing', async () => {
      const lambda = start('handler', WITHOUT_TIMER);
      for (let count = 0; count < 2; count++) {
        const timeout = await trace(lambda, 'cancel');
        expectTimeout(timeout);
        expect(timeout.call?.error).to.equal(1);
      }
      expectSuccess(await trace(lambda, 'await', servers.promptUrl));
    });
  });
});
