// `npm start`: the same work without this package and with it, at the same time, on the local Lambda. Then work that
// no timer can end.
import { Act, type Part } from './act.js';
import { basic, type ReportsDue } from './basic/sample.js';
import { cpuBound, type SignUps } from './cpu-bound/sample.js';
import { SAMPLE_TIMEOUT_MS } from './sample.js';
import { printVerdict } from './verdict.js';
import { without } from './without/sample.js';

const MARGIN_MS = 1000;
const DEADLINE_MS = SAMPLE_TIMEOUT_MS - MARGIN_MS;
/** A tenth of the margin is the reserve; the handler and its two hooks share the rest. */
const GRACE_MS = (MARGIN_MS * 0.9) / 3;

const seconds = (ms: number): string => (ms === 1000 ? 'a second' : `${ms / 1000} seconds`);

const noReports = (event: ReportsDue): ReportsDue => ({ ...event, detail: { reports: [] } });

const sideBySide = new Act(
  {
    headline: `The same work twice, on a Lambda function with a timeout of ${seconds(SAMPLE_TIMEOUT_MS)}.`,
    explanation: `Left it is killed half-way. Right its own finally runs ${seconds(MARGIN_MS)} earlier, and then its hooks.`,
    marks: [
      { atMs: DEADLINE_MS, text: `deadline: the handler is asked to end, and has ${GRACE_MS} ms for it` },
      { atMs: SAMPLE_TIMEOUT_MS, text: 'Lambda’s deadline: what still runs is killed' },
    ],
  },
  [
    { sample: without, title: 'without this package', warmUp: noReports },
    { sample: basic, title: `with @GracefulTimeout(${MARGIN_MS})`, warmUp: noReports },
  ],
);

const interrupted = new Act(
  {
    headline: 'And work that never lets go: a regular expression that is stuck on its third input for hours.',
    explanation: 'No timer can fire in it. It is interrupted at the deadline, and everything else goes on.',
    marks: [
      { atMs: DEADLINE_MS, text: 'deadline: the event loop is blocked' },
      { atMs: SAMPLE_TIMEOUT_MS, text: 'Lambda’s deadline: the process would have been killed' },
    ],
  },
  [
    {
      sample: cpuBound,
      title: `with @GracefulTimeout({ marginMs: ${MARGIN_MS}, preempt: true })`,
      warmUp: (event: SignUps): SignUps => ({ ...event, detail: { addresses: [] } }),
    } satisfies Part<SignUps>,
  ],
);

const verdicts = [...(await sideBySide.play()), ...(await interrupted.play())];
for (const [index, name] of ['without', 'with', 'with preempt'].entries()) {
  const verdict = verdicts[index];
  if (verdict) printVerdict(name, verdict);
}
