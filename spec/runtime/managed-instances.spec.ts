import { expect } from 'chai';
import { between, randomFrom, seedFrom } from '../support/random.js';
import { closeFunctions, functionOf, needsRealClient } from './local-lambda.js';
import type { Overlap, Report } from './overlapping-handlers.js';

const INVOCATIONS = 60;
const TIMEOUT_MS = 2000;
/** How much two clocks may differ if a busy thread reads them one after the other. The margins differ by more. */
const CLOCK_MS = 50;

describe('on Managed Instances, which enforce no timeout (R17)', function () {
  this.timeout(20_000);
  needsRealClient();
  afterEach(closeFunctions);

  const seed = seedFrom('OVERLAP_SEED');

  it(`sixty overlapping invocations with random deadlines in two worker threads are each answered once, with their own outcome (OVERLAP_SEED=${seed})`, async () => {
    const random = randomFrom(seed);
    const lambda = functionOf('overlapping-handlers.handler', {
      maxConcurrency: 30,
      workerCount: 2,
      timeoutMs: TIMEOUT_MS,
    });
    const events = Array.from({ length: INVOCATIONS }, (_, id): Overlap => {
      const marginMs = between(12, 19, random) * 100;
      const isInTime = random() < 0.5;
      return { id, marginMs, ...(isInTime && { workMs: between(0, (TIMEOUT_MS - marginMs) / 2, random) }) };
    });

    const results = await Promise.all(events.map((event) => lambda.invoke(event)));

    const threads = new Set<number>();
    for (const [index, { requestId, response, durationMs, status }] of results.entries()) {
      const { id, workMs } = events[index] as Overlap;
      const which = JSON.stringify(events[index]);
      expect(status, which).to.equal('succeeded');
      const { offByMs, threadId, ...report } = response as Report;
      const abortedBy = workMs === undefined ? { abortedBy: requestId } : {};
      expect(report, which).to.deep.equal({ id, requestId, ...abortedBy });
      expect(offByMs, which).to.be.below(CLOCK_MS);
      expect(durationMs, which).to.be.below(TIMEOUT_MS);
      threads.add(threadId);
    }
    expect(threads).to.have.property('size', 2);
    for (const { requestId } of results)
      await lambda.findLine(({ text }) => text.includes(`closed ${requestId}`));
    const log = lambda.log.map(({ text }) => text);
    for (const { requestId } of results) {
      expect(log.filter((text) => text.includes(`closed ${requestId}`))).to.have.length(1);
    }
    // The runtime client prints this if an answer is refused because there has already been one.
    expect(log.filter((text) => text.includes('Failed to post'))).to.deep.equal([]);
  });
});
