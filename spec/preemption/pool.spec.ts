import { expect } from 'chai';
import { programsOf } from '../support/programs.js';
import type { InvocationReport } from './neighbours.js';
import { type BlockReport, ITEMS } from './pool.js';

const { reportOf } = programsOf(import.meta.url);

type Report = Readonly<Record<string, InvocationReport>> & {
  readonly warnings: readonly string[];
};

const SERVED = { value: 'served', hooks: ['close'] };

const TIMED_OUT: InvocationReport = {
  error: 'LambdaTimeoutError',
  isInTime: true,
  blockedAt: null,
  hooks: ['report', 'close'],
};

const INTERRUPTED = [
  'Tasks.handler blocked the event loop after it had ended, and was interrupted, in request request-of-100-ms: at loop',
];

const THREADS = ['main', 'worker'] as const;

/** Runs a scenario on each of the two threads, in two processes at the same time, and checks both reports. */
function onBothThreads<Extra>(
  title: string,
  scenario: string,
  prove: (report: Report & Extra) => void,
): void {
  describe(title, () => {
    let reports: Map<string, Promise<Report & Extra>>;

    before(() => {
      const start = (thread: string) =>
        reportOf<Report & Extra>('pool-program', scenario, { args: [thread], isTimed: true });
      reports = new Map(THREADS.map((thread) => [thread, start(thread)]));
      return Promise.allSettled(reports.values());
    });

    for (const thread of THREADS) {
      it(`on the ${thread} thread`, async () => prove((await reports.get(thread)) as Report & Extra));
    }
  });
}

describe('A connection or an interval of abandoned code (R27)', function () {
  this.timeout(30_000);

  describe('serves another invocation', () => {
    const parses = ['for 60 ms', 'for 200 ms', 'for 400 ms', 'for 200 ms, 8 times'];
    for (const parse of parses) {
      onBothThreads(`that parses an answer of the socket ${parse}`, `parses ${parse}`, (report) => {
        expect(report).to.deep.equal({ innocent: SERVED, next: SERVED, warnings: [] });
      });
    }

    for (const client of ['ioredis', 'pg']) {
      onBothThreads(
        `that reads ${ITEMS} items from the ${client} client`,
        `reads from ${client}`,
        (report) => {
          expect(report.innocent).to.deep.equal({ value: ITEMS, hooks: ['close'] });
          expect(report).to.deep.include({ next: SERVED, warnings: [] });
        },
      );
    }
  });

  onBothThreads<{ beatsBetween: number[] }>(
    'an interval goes on while another invocation computes in bursts, and that invocation is served',
    'computes beside a heartbeat',
    ({ innocent, beatsBetween, next, warnings }) => {
      expect(beatsBetween).to.have.length(10);
      for (const beats of beatsBetween) expect(beats).to.be.at.least(1);
      expect({ innocent, next, warnings }).to.deep.equal({ innocent: SERVED, next: SERVED, warnings: [] });
    },
  );
});

describe('Abandoned code that blocks forever (R27)', function () {
  this.timeout(30_000);

  describe('is interrupted after about a second', () => {
    const expectASecond = ({ blockedForMs }: BlockReport): void => {
      expect(blockedForMs).to.be.within(1000, 2500);
    };

    for (const when of ['between invocations', 'before an invocation']) {
      onBothThreads<BlockReport>(`${when}, and the next invocation is served`, `blocks ${when}`, (report) => {
        expectASecond(report);
        expect(report).to.deep.include({ abandoned: TIMED_OUT, next: SERVED, warnings: INTERRUPTED });
      });
    }

    onBothThreads<BlockReport>(
      'beside another invocation, and that invocation is served',
      'blocks beside an invocation',
      (report) => {
        expectASecond(report);
        const { abandoned, other, next, warnings } = report;
        expect({ abandoned, other }).to.deep.equal({ abandoned: TIMED_OUT, other: SERVED });
        expect({ next, warnings }).to.deep.equal({ next: SERVED, warnings: INTERRUPTED });
      },
    );

    onBothThreads<BlockReport>('in a callback of its connection', 'blocks in an answer', (report) => {
      expectASecond(report);
      expect(report).to.deep.include({ next: SERVED, warnings: INTERRUPTED });
    });
  });

  onBothThreads<BlockReport>(
    'is interrupted at the deadline of another invocation, and that invocation times out as usual',
    'blocks beside an invocation at its deadline',
    ({ abandoned, other, blockedForMs, next, warnings }) => {
      expect(blockedForMs).to.be.within(150, 950);
      expect({ abandoned, other }).to.deep.equal({ abandoned: TIMED_OUT, other: TIMED_OUT });
      expect({ next, warnings }).to.deep.equal({ next: SERVED, warnings: INTERRUPTED });
    },
  );
});
