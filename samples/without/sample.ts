import type { ReportsDue } from '../basic/sample.js';
import { missing, printed, type Sample } from '../sample.js';

export const without: Sample<ReportsDue> = {
  name: 'without',
  shows: 'what Lambda does on its own: the process is killed and nothing is cleaned up',
  async show({ event, startLambda, note }) {
    const lambda = await startLambda();
    const killed = await lambda.invoke(event);
    note('The next event arrives');
    const next = await lambda.invoke({ ...event, detail: { reports: event.detail.reports.slice(0, 1) } });
    return {
      outcome: `killed after ${Math.floor(killed.durationMs)} ms, neither its catch nor its finally ran, new process for the next event`,
      missing: missing({
        'a platform line that says `Task timed out after 3.00 seconds`': killed.lines.some(
          ({ source, text }) => source === 'platform' && text.endsWith('Task timed out after 3.00 seconds'),
        ),
        'a killed invocation that printed nothing of its catch and its finally':
          !printed(killed, 'catch:') && !printed(killed, 'finally:'),
        'a next invocation that succeeded in a new process':
          next.status === 'succeeded' && next.processId !== killed.processId,
        'the finally of the next invocation': printed(next, 'finally: connection closed'),
      }),
    };
  },
};
