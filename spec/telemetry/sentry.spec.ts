import { expect } from 'chai';
import type { InvocationResult } from '../../samples/local-lambda/invocation.js';
import type { LocalLambda } from '../../samples/local-lambda/local-lambda.js';
import { closeFunctions, needsRealClient } from '../runtime/local-lambda.js';
import { itemsIn, type SentryItem } from './envelopes.js';
import { useServers } from './servers.js';
import { DEADLINE_MS, RESERVE_AT_MS, tracedFunction } from './traced-functions.js';

const FLUSH_MS = 2000;

interface Reported {
  readonly result: InvocationResult;
  readonly events: readonly SentryItem[];
  readonly transactions: readonly SentryItem[];
}

describe('with Sentry', function () {
  this.timeout(20_000);
  needsRealClient();
  const servers = useServers();
  afterEach(closeFunctions);
  beforeEach(() => {
    servers.answersAfterMs = 0;
  });

  const start = (
    handler: string,
    env: Readonly<Record<string, string>> = {},
    timeoutMs?: number,
  ): LocalLambda =>
    tracedFunction(
      `.build/sentry.${handler}`,
      {
        NODE_OPTIONS: '--import @sentry/aws-serverless/awslambda-auto',
        SENTRY_DSN: `${servers.collectorUrl.replace('//', '//key@')}/1`,
        SENTRY_TRACES_SAMPLE_RATE: '1.0',
        ...env,
      },
      timeoutMs,
    );

  /** What Sentry has received when the invocation ends. */
  async function report(
    lambda: LocalLambda,
    work: string,
    url = servers.silentUrl,
    hooksHang?: true,
  ): Promise<Reported> {
    servers.received.length = 0;
    const result = await lambda.invoke({ work, url, hooksHang });
    const items = servers.received.flatMap(itemsIn);
    return {
      result,
      events: items.filter(({ type }) => type === 'event'),
      transactions: items.filter(({ type }) => type === 'transaction'),
    };
  }

  /** Expects exactly one event and one transaction, both of this timeout. */
  function expectTimeout({ result, events, transactions }: Reported): void {
    expect(result.error?.errorType).to.equal('LambdaTimeoutError');
    expect([events.length, transactions.length]).to.deep.equal([1, 1]);
    const [event, transaction] = [events[0], transactions[0]];
    expect(event?.exception?.values).to.have.length(1);
    expect(event?.exception?.values[0]).to.include({
      type: 'LambdaTimeoutError',
      value: result.error?.errorMessage,
    });
    expect(event?.level).to.equal('error');
    expect(event?.contexts['aws.lambda']?.aws_request_id).to.equal(result.requestId);
    expect(transaction?.contexts['aws.lambda']?.aws_request_id).to.equal(result.requestId);
    expect(transaction?.contexts.trace).to.include({
      status: 'internal_error',
      trace_id: event?.contexts.trace.trace_id,
    });
  }

  function expectSuccess({ result, events, transactions }: Reported): void {
    expect(result.status).to.equal('succeeded');
    expect([events.length, transactions.length]).to.deep.equal([0, 1]);
    expect(transactions[0]?.contexts.trace.status).to.equal('ok');
    expect(transactions[0]?.contexts['aws.lambda']?.aws_request_id).to.equal(result.requestId);
  }

  const spansOf = ({ transactions }: Reported): readonly string[] | undefined =>
    transactions[0]?.spans?.map(({ description, status }) => `${status}: ${description}`);

  it('a timeout is an event and a failed transaction, with what the hook adds; the hanging call is not sent', async () => {
    const timeout = await report(start('handler'), 'await');
    expectTimeout(timeout);
    expect(timeout.events[0]?.contexts.timeout).to.deep.equal({ handler: 'Orders.handler' });
    expect(spansOf(timeout)).to.deep.equal([]);
  });

  it('a call that takes the signal is sent too, as failed', async () => {
    const timeout = await report(start('handler'), 'cancel');
    expectTimeout(timeout);
    expect(spansOf(timeout)).to.deep.equal([
      'internal_error: order',
      `internal_error: POST ${servers.silentUrl}/`,
    ]);
  });

  it('the invocation after a timeout is complete; spans that end late are sent with it, as transactions in the trace of the timeout', async () => {
    const lambda = start('handler');
    const late = await report(lambda, 'await');
    servers.breakSilence();
    const next = await report(lambda, 'await', servers.promptUrl);
    const traceId = late.transactions[0]?.contexts.trace.trace_id;
    const isLate = ({ contexts }: SentryItem): boolean => contexts.trace.trace_id === traceId;
    const lateNames = next.transactions.filter(isLate).map(({ transaction }) => transaction);
    expect(lateNames).to.have.members(['order', `POST ${servers.silentUrl}/`]);
    const own = { ...next, transactions: next.transactions.filter((transaction) => !isLate(transaction)) };
    expectSuccess(own);
    expect(spansOf(own)).to.deep.equal(['ok: order', `ok: POST ${servers.promptUrl}/`]);
    expect(next.result.processId).to.equal(late.result.processId);
  });

  it('what a hook sets on the scope is only in its timeout; what it sets on the process is in later events too', async () => {
    const lambda = start('handler');
    await report(lambda, 'cancel');
    const { transactions } = await report(lambda, 'await', servers.promptUrl);
    expect(transactions[0]?.contexts).not.to.have.any.keys('timeout');
    expect(transactions[0]?.contexts.last_timeout).to.deep.equal({ handler: 'Orders.handler' });
    expect(transactions[0]?.tags).to.deep.equal({ last_timeout: 'Orders.handler' });
  });

  it('a timeout with a response from a hook is a success, without an event', async () => {
    const lambda = start('responder');
    const answered = await report(lambda, 'await');
    expectSuccess(answered);
    expect(answered.result.response).to.equal('later');
    expect(answered.transactions[0]?.contexts.trace.data).to.include({
      'timeout.handler': 'AnsweredOrders.handler',
    });
    expectSuccess(await report(lambda, 'await', servers.promptUrl));
  });

  it('a handler that ends in its grace is a success, without an event; only the failed call shows the timeout', async () => {
    const lambda = start('handler');
    const ended = await report(lambda, 'end in grace');
    expectSuccess(ended);
    expect(ended.result.response).to.equal('given up');
    expect(spansOf(ended)).to.deep.equal(['ok: order', `internal_error: POST ${servers.silentUrl}/`]);
    expectSuccess(await report(lambda, 'await', servers.promptUrl));
  });

  it('an interruption is reported like any timeout; a span that the interrupted code leaves open is not sent', async () => {
    const lambda = start('interrupted');
    const interrupted = await report(lambda, 'block', servers.promptUrl);
    expectTimeout(interrupted);
    expect(interrupted.result.error?.errorMessage).to.match(/it blocked the event loop and was interrupted/);
    expect(spansOf(interrupted)).to.deep.equal([`ok: POST ${servers.promptUrl}/`]);
    const next = await report(lambda, 'await', servers.promptUrl);
    expectSuccess(next);
    expect(next.result.processId).to.equal(interrupted.result.processId);
  });

  describe('the response waits for Sentry', () => {
    it('until it answers', async () => {
      servers.answersAfterMs = 300;
      const timeout = await report(start('handler'), 'await');
      expectTimeout(timeout);
      expect(timeout.result.durationMs).to.be.within(DEADLINE_MS + 300, DEADLINE_MS + 700);
    });

    it('for two seconds at most; a reserve of 2200 ms is enough for that, even if hooks hang', async () => {
      servers.answersAfterMs = undefined;
      const lambda = start('handler', { MARGIN_MS: '3000', RESERVE_MS: '2200' }, 4000);
      const timeout = await report(lambda, 'await', servers.silentUrl, true);
      expectTimeout(timeout);
      expect(timeout.result.durationMs).to.be.within(1800 + FLUSH_MS - 10, 4000);
    });

    it('until Lambda kills the process at the hard deadline, if less than two seconds are left', async () => {
      servers.answersAfterMs = undefined;
      const { result, events } = await report(start('handler'), 'await');
      expect(result.status).to.equal('timed out');
      expect(events).to.have.length(1);
    });

    it('at most for the `flushTimeout` of a `wrapHandler()` that replaces the automatic one', async () => {
      servers.answersAfterMs = undefined;
      const lambda = start('wrapped', { NODE_OPTIONS: '--require ./.build/sentry-setup.js' });
      const { result, events } = await report(lambda, 'await', servers.silentUrl, true);
      expect(result.error?.errorType).to.equal('LambdaTimeoutError');
      expect(result.durationMs).to.be.within(RESERVE_AT_MS + 290, 2000);
      expect(events.map(({ exception }) => exception?.values[0]?.type)).to.deep.equal(['LambdaTimeoutError']);
    });
  });

  it('Sentry itself warns of a timeout half a second before the hard deadline, if the handler or a hook still runs', async () => {
    const late = start('handler', { MARGIN_MS: '300', RESERVE_MS: '200' });
    const slow = start('handler', { RESERVE_MS: '200' });
    for (const reported of [
      await report(late, 'await'),
      await report(slow, 'await', servers.silentUrl, true),
    ]) {
      expect(reported.result.error?.errorType).to.equal('LambdaTimeoutError');
      expect(reported.events.map(({ level, message }) => `${level}: ${message}`)).to.deep.equal([
        'warning: Possible function timeout: local',
        'error: undefined',
      ]);
    }
  });
});
