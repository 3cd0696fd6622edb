import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { PendingOperation } from '../../lib/index.js';
import type { LocalLambda, LocalLambdaOptions } from '../../samples/local-lambda/local-lambda.js';
import { closeFunctions, functionOf, needsRealClient } from '../runtime/local-lambda.js';
import { useSilentServer } from '../runtime/silent-server.js';

interface Logged {
  readonly level: string;
  readonly message: string;
  readonly function_request_id: string;
  readonly correlation_id: string;
  readonly error: Readonly<Record<string, unknown>>;
}

const diagnosed = (options: Partial<LocalLambdaOptions> = {}): LocalLambda =>
  functionOf('diagnosed-handlers.handler', {
    taskRoot: fileURLToPath(new URL('.', import.meta.url)),
    ...options,
  });

/** The lines of the Powertools Logger, without those of the runtime client. */
const logged = ({ lines }: { readonly lines: readonly { readonly text: string }[] }): Logged[] =>
  lines.filter(({ text }) => text.includes('"service":"orders"')).map(({ text }) => JSON.parse(text));

describe('the line that a Powertools Logger writes for a timeout (R25)', function () {
  this.timeout(15_000);
  needsRealClient();
  const server = useSilentServer();
  afterEach(closeFunctions);

  it('names the handler, the request, the elapsed time and the pending operation', async () => {
    const result = await diagnosed().invoke({ id: 'A', work: 'waits', url: server.url });
    const [line, ...others] = logged(result);
    expect(others).to.deep.equal([]);
    expect(line).to.include({
      level: 'ERROR',
      message: result.error?.errorMessage,
      function_request_id: result.requestId,
      correlation_id: 'A',
    });
    const { stack, elapsedMs, remainingMs, lateByMs, pending, activeResources, location, ...error } =
      line?.error ?? {};
    const [{ operation, startedAt } = {}, ...operations] = pending as Partial<PendingOperation>[];
    expect(error).to.deep.equal({
      name: 'LambdaTimeoutError',
      message: result.error?.errorMessage,
      handler: 'Orders.handler',
      requestId: result.requestId,
      marginMs: 700,
      preempted: false,
    });
    expect(operations).to.deep.equal([]);
    expect(operation).to.equal(`GET ${server.url}`);
    expect(line?.message).to.include(`waiting for ${operation} since `);
    expect(startedAt).to.match(/^at (async )?work \(.*slow-work\.js:\d+:\d+\)/);
    expect([elapsedMs, remainingMs, lateByMs]).to.satisfy((all: unknown[]) => all.every(Number.isInteger));
    expect(activeResources).to.include({ TCPSocketWrap: 1 });
    expect(stack).to.match(/^LambdaTimeoutError: Orders\.handler timed out/);
    expect(location).to.be.a('string');
  });

  it('says that the event loop was blocked, and where the handler was interrupted', async () => {
    const lambda = diagnosed();
    const [blocked] = logged(await lambda.invoke({ id: 'A', work: 'blocks', url: server.url }));
    expect(blocked?.error.lateByMs).to.be.at.least(100);
    expect(blocked?.message).to.include('the event loop was blocked for the last');
    const [stuck] = logged(await lambda.invoke({ id: 'B', work: 'is stuck', url: server.url }));
    expect(stuck?.message).to.include('it blocked the event loop and was interrupted');
    expect(stuck?.error.blockedAt).to.match(/^at blockFor \(\S+slow-work\.js:\d+:\d+\)/);
  });

  it('has the keys of its own invocation while other invocations run (R17)', async () => {
    const ids = ['A', 'B', 'C', 'D'];
    const lines: Logged[] = [];
    // The lines of a worker thread can arrive after the response.
    const log = new EventEmitter();
    const written = once(log, 'written');
    const lambda = diagnosed({
      maxConcurrency: ids.length,
      workerCount: 1,
      onLine: (line) => {
        lines.push(...logged({ lines: [line] }));
        if (lines.length === ids.length) log.emit('written');
      },
    });
    const results = await Promise.all(ids.map((id) => lambda.invoke({ id, work: 'waits', url: server.url })));
    await written;
    for (const [index, { requestId }] of results.entries()) {
      const line = lines.find(({ error }) => error.requestId === requestId);
      expect(line).to.include({ function_request_id: requestId, correlation_id: ids[index] });
    }
  });
});
