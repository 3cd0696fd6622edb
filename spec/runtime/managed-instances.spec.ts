import { expect } from 'chai';
import { closeFunctions, functionOf, needsRealClient } from './local-lambda.js';

describe('on Managed Instances, which enforce no timeout (R17)', function () {
  this.timeout(20_000);
  needsRealClient();
  afterEach(closeFunctions);

  it('sixty overlapping invocations in two worker threads are answered, each with its own outcome', async () => {
    const lambda = functionOf('overlap', { maxConcurrency: 30, workerCount: 2, timeoutMs: 1500 });
    const events = Array.from({ length: 60 }, (_, id) => ({
      id,
      ms: id % 2 === 0 ? 60_000 : (id * 13) % 300,
    }));
    const results = await Promise.all(events.map((event) => lambda.invoke(event)));
    expect(results.map(({ response }) => response)).to.deep.equal(
      events.map(({ id }) => (id % 2 === 0 ? { timedOut: id, isItsRequest: true } : id)),
    );
    for (const { durationMs } of results) expect(durationMs).to.be.below(1500);
  });
});
