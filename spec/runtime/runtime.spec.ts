import { expect } from 'chai';
import { closeFunctions, functionOf, needsRealClient, printed } from './local-lambda.js';

describe('on the runtime client', function () {
  this.timeout(15_000);
  needsRealClient();
  afterEach(closeFunctions);

  describe('a handler in time (R11)', () => {
    it('answers, after its @Finally hooks', async () => {
      const result = await functionOf('handler').invoke({});
      expect(result).to.include({ status: 'succeeded', response: 'done' });
      expect(printed(result)).to.deep.equal(['INFO\tclosed: fulfilled']);
    });

    it('rejects with its own error, after its @Finally hooks', async () => {
      const result = await functionOf('handler').invoke({ work: 'fail' });
      expect(result.status).to.equal('failed');
      expect(result.error).to.include({ errorType: 'RangeError', errorMessage: 'handler failed' });
      expect(printed(result)[0]).to.equal('INFO\tclosed: rejected');
    });

    it('can also reject with a string', async () => {
      const result = await functionOf('handler').invoke({ work: 'throw a string' });
      expect(result.status).to.equal('failed');
      expect(result.error?.errorMessage).to.equal('handler failed');
    });

    it('serves one event after the other in one process', async () => {
      const lambda = functionOf('handler');
      const results = [
        await lambda.invoke({}),
        await lambda.invoke({ work: 'fail' }),
        await lambda.invoke({}),
      ];
      expect(results.map(({ status }) => status)).to.deep.equal(['succeeded', 'failed', 'succeeded']);
      expect(new Set(results.map(({ processId }) => processId))).to.have.property('size', 1);
    });
  });

  describe('a handler that hangs', () => {
    it('is killed at the hard deadline without this package, and its `finally` does not run', async () => {
      const result = await functionOf('undecorated').invoke({ work: 'hang' });
      expect(result.status).to.equal('timed out');
      expect(printed(result)).to.deep.equal([]);
      expect(result.lines.some(({ text }) => text.endsWith('Task timed out after 1.00 seconds'))).to.equal(
        true,
      );
    });

    it('times out before the hard deadline, its hooks run, and its error is reported (R12, R13, R23)', async () => {
      const result = await functionOf('handler').invoke({ work: 'hang' });
      expect(result.status).to.equal('failed');
      expect(result.durationMs).to.be.within(390, 800);
      expect(result.error?.errorType).to.equal('LambdaTimeoutError');
      expect(result.error?.errorMessage).to.match(
        /^Steps\.handler timed out 600 ms before the Lambda deadline, after \d+ ms$/,
      );
      const [logged, ...hooks] = printed(result);
      expect(logged).to.match(
        /^ERROR\tSteps\.handler timed out 600 ms before the Lambda deadline, after \d+ ms/,
      );
      for (const field of [
        "handler: 'Steps.handler'",
        `requestId: '${result.requestId}'`,
        'lateByMs:',
        'Timeout: 1',
      ]) {
        expect(logged).to.include(field);
      }
      expect(hooks.slice(0, 3)).to.deep.equal([
        'INFO\treport: Steps.handler, its request',
        'INFO\treported',
        'INFO\tclosed: rejected',
      ]);
    });

    it('leaves a process that serves the next events, which can time out too', async () => {
      const lambda = functionOf('handler');
      const results = [
        await lambda.invoke({ work: 'hang' }),
        await lambda.invoke({}),
        await lambda.invoke({ work: 'cancel' }),
        await lambda.invoke({}),
      ];
      expect(results.map(({ status }) => status)).to.deep.equal([
        'failed',
        'succeeded',
        'failed',
        'succeeded',
      ]);
      expect(new Set(results.map(({ processId }) => processId))).to.have.property('size', 1);
      expect(results[2]?.error?.errorType).to.equal('LambdaTimeoutError');
    });

    it('answers with what a responding hook returns (R13)', async () => {
      const result = await functionOf('responder').invoke({ work: 'hang' });
      expect(result.status).to.equal('succeeded');
      expect((result.response as { timedOutAfterMs: number }).timedOutAfterMs).to.be.within(390, 600);
    });

    it('and rejects late does not end the process, and the warning names its own request (R16)', async () => {
      const lambda = functionOf('handler');
      const first = await lambda.invoke({ work: 'reject late', report: 'reject late' });
      const second = await lambda.invoke({ work: 'hang' });
      const third = await lambda.invoke({});
      expect([first.status, second.status, third.status]).to.deep.equal(['failed', 'failed', 'succeeded']);
      expect(third.processId).to.equal(first.processId);
      const warnings = lambda.log.map(({ text }) => text).filter((text) => text.includes('rejected late'));
      expect(warnings).to.have.length(2);
      for (const warning of warnings) expect(warning).to.include(`in request ${first.requestId}`);
    });

    it('and leaves an aborted promise unhandled does not end the process (R16)', async () => {
      const lambda = functionOf('handler');
      const result = await lambda.invoke({ work: 'leave one' });
      expect(result.error?.errorType).to.equal('LambdaTimeoutError');
      expect(printed(result)).to.include.members(['INFO\treported', 'INFO\tclosed: rejected']);
      expect(await lambda.invoke({})).to.include({ response: 'done', processId: result.processId });
    });

    it('is not called if the margin leaves no time (R10)', async () => {
      const result = await functionOf('handler', { timeoutMs: 500 }).invoke({});
      expect(result.error?.errorMessage).to.match(
        /^Steps\.handler timed out before it was called: its margin of 600 ms leaves no time, with \d+ ms until the Lambda deadline$/,
      );
      expect(printed(result).slice(1, 4)).to.deep.equal([
        'INFO\treport: Steps.handler, its request',
        'INFO\treported',
        'INFO\tclosed: rejected',
      ]);
    });
  });

  describe('a hook', () => {
    it('the next hook still runs and the response still leaves in time after a hook has hung (R14)', async () => {
      const result = await functionOf('handler').invoke({ work: 'hang', report: 'hang', close: 'hang' });
      expect(result.status).to.equal('failed');
      expect(result.durationMs).to.be.below(1000);
      expect(result.error?.errorType).to.equal('LambdaTimeoutError');
      const log = printed(result).join('\n');
      expect(log).to.match(/ERROR\tSteps\.report was abandoned after its share of the margin, \d+ ms/);
      expect(log).to.match(/ERROR\tSteps\.close was abandoned after its share of the margin, \d+ ms/);
    });

    it('the next hook and the timeout still happen after a hook has failed (R15)', async () => {
      const result = await functionOf('handler').invoke({ work: 'hang', report: 'fail' });
      expect(result.error?.errorType).to.equal('LambdaTimeoutError');
      const log = printed(result).join('\n');
      expect(log).to.match(/ERROR\tSteps\.report failed Error: report failed/);
      expect(log).to.include('closed: rejected');
    });

    it('that fails after a handler in time makes the invocation fail (R15)', async () => {
      const lambda = functionOf('handler');
      expect((await lambda.invoke({ close: 'fail' })).error).to.include({
        errorType: 'Error',
        errorMessage: 'close failed',
      });
      expect((await lambda.invoke({ close: 'throw a string' })).error?.errorMessage).to.equal('close failed');
      const hanging = await lambda.invoke({ close: 'hang' });
      expect(hanging.error?.errorType).to.equal('LambdaTimeoutError');
      expect(hanging.error?.errorMessage).to.match(/^Steps\.close was abandoned/);
    });
  });

  describe('a callback handler (R20, R21)', () => {
    for (const name of ['callbackHandler', 'unboundCallbackHandler']) {
      it(`is accepted and answers, on a runtime that has no callbacks (${name})`, async () => {
        const lambda = functionOf(name);
        expect(await lambda.invoke({})).to.include({ status: 'succeeded', response: 'done' });
        expect((await lambda.invoke({ work: 'fail' })).error?.errorMessage).to.equal('handler failed');
        expect((await lambda.invoke({ work: 'hang' })).error?.errorType).to.equal('LambdaTimeoutError');
      });
    }
  });

  it('a mistake in the use of a decorator makes the init phase fail, with its message (R3)', async () => {
    const result = await functionOf('misused.handler').invoke({});
    expect(result.status).to.equal('init failed');
    const text = [result.error?.errorMessage, ...result.lines.map((line) => line.text)].join('\n');
    expect(text).to.include('expected `marginMs` to be a finite number > 0, got `-5` (number)');
  });

  it('the default logger writes the type and the message of the error in the JSON log format (R25)', async () => {
    const lambda = functionOf('handler', { env: { AWS_LAMBDA_LOG_FORMAT: 'JSON' } });
    const result = await lambda.invoke({ work: 'hang' });
    const first = result.lines.find(({ source }) => source === 'handler');
    expect(JSON.parse(first?.text ?? '')).to.include({
      level: 'ERROR',
      requestId: result.requestId,
      errorType: 'LambdaTimeoutError',
      errorMessage: result.error?.errorMessage,
    });
  });
});
