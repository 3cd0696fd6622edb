import { findBlockedAt } from '../blocked-at.js';
import { missing, printed, type Sample, timedOutGracefully } from '../sample.js';

/** The part of the event that this sample uses. */
export interface SignUps {
  readonly detail: { readonly addresses: readonly string[] };
}

export const cpuBound: Sample<SignUps> = {
  name: 'cpu-bound',
  shows: 'a regular expression that never ends, interrupted at the deadline',
  async show({ event, startLambda, note }) {
    // With source maps, Node and so the error name the lines of handler.ts.
    const lambda = await startLambda({ env: { NODE_OPTIONS: '--enable-source-maps' } });
    const stuck = await lambda.invoke(event);
    const { functionName, position, code } = (await findBlockedAt(stuck.lines)) ?? {};
    const place = `${functionName} at ${position}`;
    note(`The error says where it was stuck: ${place}: ${code}`);
    note('The next event arrives');
    const next = await lambda.invoke({ ...event, detail: { addresses: event.detail.addresses.slice(0, 1) } });
    return {
      outcome: `interrupted in ${place}, hook run, same process for the next event`,
      missing: missing({
        'a LambdaTimeoutError at the deadline': timedOutGracefully(stuck),
        'the line that blocked the event loop': code === 'return ADDRESS.test(text);',
        'the line of the @OnTimeout hook': printed(stuck, 'Import set aside'),
        'the line of the @Finally hook': printed(stuck, 'Cleaned up'),
        'a next invocation that succeeded in the same process':
          next.status === 'succeeded' && next.processId === stuck.processId,
      }),
    };
  },
};
