import { expect } from 'chai';
import type { InvocationReport } from './neighbours.js';
import { type BlockReport, ITEMS } from './pool.js';
import { reportOf } from './programs.js';

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
  'Tasks.handler rejected late, after it had ended, in request request-of-100-ms: It blocked the event loop and was interrupted at loop',
];

const THREADS = ['main', 'worker'] as const;

/** Proves what a scenario shows on either thread; the two processes run at the same time. */
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

describe('What abandoned code has opened (R27)', function () {
  this.timeout(30_000);

  describe('an innocent invocation is served', () => {
    const parses = ['for 60 ms', 'for 200 ms', 'for 400 ms', 'for 200 ms, 8 times'];
    for (const parse of parses) {
      onBothThreads(`that parses the answer of its socket ${parse}`, `parses ${parse}`, (report) => {
        expect(report).to.deep.equal({ innocent: SERVED, next: SERVED, warnings: [] });
      });
    }

    for (const client of ['ioredis', 'pg']) {
      onBothThreads(
        `that reads ${ITEMS} items from its ${client} client`,
        `reads from ${client}`,
        (report) => {
          expect(report.innocent).to.deep.equal({ value: ITEMS, hooks: ['close'] });
          expect(report).to.deep.include({ next: SERVED, warnings: [] });
        },
      );
    }
  });

  onBothThreads<{ beatsBetween: number[] }>(
    'a heartbeat goes on beating while an innocent invocation computes in bursts, which is served',
    'computes beside a heartbeat',
    ({ innocent, beatsBetween, next, warnings }) => {
      expect(beatsBetween).to.have.length(10);
      for (const beats of beatsBetween) expect(beats).to.be.at.least(1);
      expect({ innocent, next, warnings }).to.deep.equal({ innocent: SERVED, next: SERVED, warnings: [] });
    },
  );
});

describe('Abandoned code that blocks for good (R27)', function () {
  this.timeout(30_000);

  describe('is interrupted after about a second', () => {
    const expectASecond = ({ blockedForMs }: BlockReport): void => {
      expect(blockedForMs).to.be.within(1000, 2500);
    };

    for (const when of ['between invocations', 'before an invocation']) {
      onBothThreads<BlockReport>(`${when}, and the next one is served`, `blocks ${when}`, (report) => {
        expectASecond(report);
        expect(report).to.deep.include({ abandoned: TIMED_OUT, next: SERVED, warnings: INTERRUPTED });
      });
    }

    onBothThreads<BlockReport>(
      'beside an invocation, which is served',
      'blocks beside an invocation',
      (report) => {
        expectASecond(report);
        const { abandoned, other, next, warnings } = report;
        expect({ abandoned, other }).to.deep.equal({ abandoned: TIMED_OUT, other: SERVED });
        expect({ next, warnings }).to.deep.equal({ next: SERVED, warnings: INTERRUPTED });
      },
    );

    onBothThreads<BlockReport>('in an answer of its connection', 'blocks in an answer', (report) => {
      expectASecond(report);
      expect(report).to.deep.include({ next: SERVED, warnings: INTERRUPTED });
    });
  });

  onBothThreads<BlockReport>(
    'is interrupted at the deadline of an invocation in flight, which times out by its own rules',
    'blocks beside an invocation at its deadline',
    ({ abandoned, other, blockedForMs, next, warnings }) => {
      expect(blockedForMs).to.be.within(150, 950);
      expect({ abandoned, other }).to.deep.equal({ abandoned: TIMED_OUT, other: TIMED_OUT });
      expect({ next, warnings }).to.deep.equal({ next: SERVED, warnings: INTERRUPTED });
    },
  );
});
