import { missing, printedInOrder, SAMPLE_TIMEOUT_MS, type Sample, timedOutGracefully } from '../sample.js';

/** The part of the event that these samples use. */
export interface ReportsDue {
  readonly detail: { readonly reports: readonly string[] };
}

export const basic: Sample<ReportsDue> = {
  name: 'basic',
  shows:
    'the same work asked to end at its deadline: its own finally runs, then the hooks, then the error leaves',
  async show({ event, startLambda, note }) {
    const lambda = await startLambda();
    const late = await lambda.invoke(event);
    note('The next event arrives');
    const next = await lambda.invoke({ ...event, detail: { reports: event.detail.reports.slice(0, 1) } });
    const earlyByMs = Math.floor(SAMPLE_TIMEOUT_MS - late.durationMs);
    return {
      outcome: `its own finally ran, then both hooks, LambdaTimeoutError ${earlyByMs} ms before the kill, same process for the next event`,
      missing: missing({
        'a LambdaTimeoutError before the deadline': timedOutGracefully(late),
        'the catch and the whole finally of the handler, before the hooks and before the error':
          printedInOrder(late, [
            'catch: gave up',
            'finally: closing the connection',
            'finally: connection closed',
            'Reports.handler timed out',
            '@OnTimeout: told the owners',
            '@Finally: cleaned up (rejected)',
            'Invoke Error',
          ]),
        'a next invocation that succeeded in the same process':
          next.status === 'succeeded' && next.processId === late.processId,
        'the finally and the @Finally hook of the next invocation': printedInOrder(next, [
          'finally: connection closed',
          '@Finally: cleaned up (fulfilled)',
        ]),
      }),
    };
  },
};
