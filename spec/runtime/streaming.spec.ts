import { expect } from 'chai';
import type { InvocationResult } from '../../samples/local-lambda/invocation.js';
import type { LocalLambda } from '../../samples/local-lambda/local-lambda.js';
import { closeFunctions, functionOf, needsRealClient, printed } from './local-lambda.js';
import { describeStreamAtDeadline } from './streaming-deadline-cases.js';
import type { Step } from './streaming-handlers.js';

/** With the margin of the handlers, the deadline comes 100 ms after the start. */
const TIMEOUT_MS = 700;

const streaming = (name: string): LocalLambda =>
  functionOf(`streaming-handlers.${name}`, { timeoutMs: TIMEOUT_MS });

describe('a response stream on the runtime client (R22)', function () {
  this.timeout(15_000);
  needsRealClient();
  afterEach(closeFunctions);

  /** Expects that the error of a timeout came after the last byte. */
  const expectError = ({ status, error, durationMs }: InvocationResult): void => {
    expect(status).to.equal('failed');
    expect(error?.errorType).to.equal('LambdaTimeoutError');
    expect(error?.errorMessage).to.match(/ timed out 600 ms before the Lambda deadline, after \d+ ms$/);
    expect(durationMs).to.be.below(TIMEOUT_MS);
  };

  for (const [name, shape, response] of [
    ['plain', 'plain', undefined],
    ['http', 'with HttpResponseStream', { statusCode: 200 }],
  ] as const) {
    describe(shape, () => {
      /** Times out in the given place. The abandoned handler then goes on to use its stream during the next response. */
      const timesOut = async (
        handler: string,
        hangs: NonNullable<Step['hangs']>,
      ): Promise<InvocationResult> => {
        const lambda = streaming(handler);
        const result = await lambda.invoke({ hangs } satisfies Step);
        const next = await lambda.invoke({ disturbed: true } satisfies Step);
        expect(next).to.deep.include({ status: 'succeeded', response, body: 'one end' });
        expect(next.processId).to.equal(result.processId);
        expect(result.streaming).to.equal(true);
        return result;
      };

      it('is whole if the handler ends in time', async () => {
        const result = await streaming(name).invoke({});
        expect(result).to.deep.include({ status: 'succeeded', streaming: true, response, body: 'one end' });
        expect(printed(result)).to.deep.equal(['INFO\tclosed: fulfilled']);
      });

      it('ends with the error and without a byte after a timeout before the first byte', async () => {
        const result = await timesOut(name, 'before the first byte');
        expectError(result);
        // `HttpResponseStream` sends the status right before the first byte, so the status is not sent either.
        expect(result).to.include({ response: undefined, body: '' });
        expect(printed(result)).to.include('INFO\tclosed: rejected');
      });

      it('ends with what was written and then the error after a timeout in the middle', async () => {
        const result = await timesOut(name, 'in the middle');
        expectError(result);
        expect(result).to.deep.include({ response, body: 'one ' });
        expect(printed(result)).to.include('INFO\tclosed: rejected');
      });

      it('is whole if it has ended before the timeout; the timeout is logged and the hooks run', async () => {
        const result = await timesOut(name, 'after the end');
        expect(result).to.deep.include({ status: 'succeeded', error: undefined, response, body: 'one end' });
        expect(printed(result)[0]).to.match(/^ERROR\t\w+\.handler timed out 600 ms before/);
        expect(printed(result)).to.include('INFO\tclosed: rejected');
      });
    });
  }

  describe('with a hook that responds', () => {
    it('consists of what the hook wrote after a timeout before the first byte', async () => {
      const result = await streaming('plainResponder').invoke({ hangs: 'before the first byte' });
      expect(result).to.include({ status: 'succeeded', body: 'timed out' });
      expect(printed(result)).to.include('INFO\tclosed: fulfilled');
    });

    it('ends with what the hook wrote after a timeout in the middle', async () => {
      const result = await streaming('plainResponder').invoke({ hangs: 'in the middle' });
      expect(result).to.include({ status: 'succeeded', body: 'one timed out' });
      expect(printed(result)).to.include('INFO\tclosed: fulfilled');
    });

    it('has the status that the hook gives it, if no byte has left', async () => {
      const result = await streaming('httpResponder').invoke({ hangs: 'before the first byte' });
      expect(result).to.deep.include({
        status: 'succeeded',
        response: { statusCode: 504 },
        body: 'timed out',
      });
    });

    it('keeps its status after a byte has left: a hook that gives it another status fails', async () => {
      const result = await streaming('httpResponder').invoke({ hangs: 'in the middle' });
      expectError(result);
      expect(result).to.deep.include({ response: { statusCode: 200 }, body: 'one ' });
      expect(printed(result).join('\n')).to.match(/ERROR\tHttpResponding\.respond failed .*too late/);
    });

    it('is not changed by the hook if the handler has ended it', async () => {
      const lambda = streaming('plainResponder');
      const result = await lambda.invoke({ hangs: 'after the end' });
      expect(result).to.include({ status: 'succeeded', body: 'one end' });
      const next = await lambda.invoke({ disturbed: true });
      expect(next).to.include({ status: 'succeeded', body: 'one end', processId: result.processId });
    });
  });

  it('ends with the error even if a pipeline goes on after the timeout, and the process serves the next event', async () => {
    const lambda = streaming('plain');
    const result = await lambda.invoke({ piped: true });
    expectError(result);
    expect(result.body).to.equal('one ');
    expect(await lambda.invoke({})).to.include({ body: 'one end', processId: result.processId });
  });
});

describe('a response stream that is destroyed or left open at the deadline, on the runtime client (R22)', function () {
  this.timeout(15_000);
  needsRealClient();
  describeStreamAtDeadline(functionOf);
});
