import { missing, printed, SAMPLE_TIMEOUT_MS, type Sample, timedOutGracefully } from '../sample.js';

/** What these samples need to know of their event. */
export interface ReportsDue {
  readonly detail: { readonly reports: readonly string[] };
}

export const basic: Sample<ReportsDue> = {
  name: 'basic',
  shows: 'the same work ended before the deadline, its timeout logged, and cleaned up',
  async show({ event, startLambda, note }) {
    const lambda = await startLambda();
    const late = await lambda.invoke(event);
    note('The next event arrives');
    const next = await lambda.invoke({ ...event, detail: { reports: event.detail.reports.slice(0, 1) } });
    const earlyByMs = Math.floor(SAMPLE_TIMEOUT_MS - late.durationMs);
    return {
      outcome: `LambdaTimeoutError ${earlyByMs} ms before the kill, both hooks ran, same process for the next event`,
      missing: missing({
        'a LambdaTimeoutError before the deadline': timedOutGracefully(late),
        'the line of the @OnTimeout hook': printed(late, 'Reports are late'),
        'the line of the @Finally hook': printed(late, 'Cleaned up'),
        'a next invocation that succeeded in the same process':
          next.status === 'succeeded' && next.processId === late.processId,
      }),
    };
  },
};
