import { expect } from 'chai';
import type { InvocationResult } from '../../samples/local-lambda/invocation.js';
import { type FunctionOf, headlines, useFunction } from './local-lambda.js';
import type { Step } from './streaming-deadline-handlers.js';

/** With the margin of the handlers, the deadline comes 200 ms after the start. */
const TIMEOUT_MS = 1100;
/** A response that is late would wait for the hard deadline. */
const AT_ONCE_MS = 1000;

/** What each way to destroy the stream throws in the handler, and what the timeout then says of it. */
const DESTROYING: readonly (readonly [NonNullable<Step['way']>, thrown: string, cause?: string])[] = [
  ['pipes with the signal', 'AbortError'],
  ['pipes through a transform with a signal of its own', 'AbortError'],
  ['pipes a source that throws the timeout', 'LambdaTimeoutError'],
  ['pipes a source that blocks and then throws the timeout', 'LambdaTimeoutError'],
  ['pipes a source that races', 'LambdaTimeoutError'],
  ['adds the signal to the stream', 'AbortError'],
  ['destroys the stream in a listener', 'Error', 'Premature close'],
  ['destroys the stream with an error, and waits for its close', 'LambdaTimeoutError'],
  ['destroys the stream through Writable.prototype', 'Error', 'no longer'],
];

/** Response streams that are destroyed or left open at the deadline, on the runtime client that `functionOf` chooses. */
export function describeStreamAtDeadline(functionOf: FunctionOf): void {
  const start = (handler: string) => () =>
    functionOf(`streaming-deadline-handlers.${handler}`, { timeoutMs: TIMEOUT_MS });
  const plain = useFunction(start('plain'));
  const responder = useFunction(start('responder'));

  const invoke = async ({ lambda }: typeof plain, step: Step): Promise<InvocationResult> => {
    const result = await lambda.invoke(step);
    const next = await lambda.invoke({} satisfies Step);
    expect(next).to.include({ status: 'succeeded', body: 'one end', processId: result.processId });
    expect(headlines(next)).to.deep.equal(['INFO closed: fulfilled']);
    return result;
  };

  const expectError = (result: InvocationResult, body: string): void => {
    expect(result).to.include({ status: 'failed', body });
    expect(result.error?.errorType).to.equal('LambdaTimeoutError');
    expect(result.durationMs).to.be.below(AT_ONCE_MS);
  };

  const expectBody = (result: InvocationResult, body: string): void => {
    expect(result).to.include({ status: 'succeeded', body });
    expect(result.durationMs).to.be.below(AT_ONCE_MS);
  };

  for (const [way, thrown, cause] of DESTROYING) {
    for (const swallows of [false, true]) {
      const how = swallows ? `${way} and then returns` : way;
      it(`ends with the error, and the handler runs to its end, if it ${how}`, async () => {
        const result = await invoke(plain, { way, swallows });
        expectError(result, 'one ');
        expect(headlines(result)).to.deep.equal([
          `INFO caught ${thrown}`,
          'INFO left',
          'ERROR handler timed out',
          `INFO report: cause ${swallows ? undefined : cause}`,
          'INFO closed: rejected',
          'ERROR Invoke Error',
        ]);
      });
    }
  }

  it('ends with the last words of the handler if the pipeline leaves it open', async () => {
    const result = await invoke(plain, { way: 'pipes without an end' });
    expectBody(result, 'one last words');
    expect(headlines(result)).to.deep.equal([
      'INFO left',
      'WARN handler ended past its deadline, in its grace',
      'INFO closed: fulfilled',
    ]);
  });

  it('is whole if the handler destroys it after its end', async () => {
    const way = 'ends the stream, and destroys it at its deadline';
    expectBody(await invoke(plain, { way }), 'one end');
  });

  it('keeps its status, and ends with the error', async () => {
    const result = await invoke(plain, { way: 'pipes with the signal', statusCode: 201 });
    expectError(result, 'one ');
    expect(result.response).to.deep.equal({ statusCode: 201 });
  });

  for (const hook of ['writes', 'pipes'] as const) {
    it(`ends with what a hook ${hook}`, async () => {
      expectBody(await invoke(responder, { way: 'pipes with the signal', hook }), 'one timed out');
    });
  }

  it('ends with what a hook writes if the handler has corked it', async () => {
    expectBody(await invoke(responder, { way: 'corks the stream', hook: 'writes' }), 'one timed out');
  });

  for (const hook of ['fails to pipe', 'hides that it failed to pipe'] as const) {
    it(`ends with the error if the hook that responds ${hook}`, async () => {
      expectError(await invoke(responder, { way: 'pipes with the signal', hook }), 'one ');
    });
  }

  it('ends with the error if the handler pipes and has not asked for its deadline', async () => {
    expectError(await invoke(plain, { way: 'pipes and has not asked' }), 'one ');
  });

  it('is out of reach of all that the handler has after its cut-off, and so is the next one', async () => {
    const way = 'uses all that it has after its cut-off';
    expectError(await invoke(plain, { way }), 'one ');
    expectBody(await invoke(responder, { way, hook: 'writes' }), 'one timed out');
  });
}
