import { expect } from 'chai';
import { programsOf, type Run } from '../support/programs.js';
import type { NodeCodeReport } from './node-code.js';

const { run } = programsOf(import.meta.url);

const KINDS = [
  'timers',
  'timers that overlap',
  'immediates',
  'ticks',
  'streams',
  'fs',
  'buffers',
  'urls',
  'stacks',
  'a single call',
];

/** How often a loop of each kind is interrupted. A soak does it ten times as often. */
const ROUNDS = 5 * Number(process.env.ROUNDS ?? 1);
const TIMEOUT_MS = 20_000 * ROUNDS;

const THREADS = ['main', 'worker'];

describe('A loop that spends its time in functions of Node (R27a)', function () {
  this.timeout(TIMEOUT_MS);
  let started: Map<string, Promise<Run>>;

  before(() => {
    const start = (thread: string) =>
      run('node-code-program', [String(ROUNDS * KINDS.length), thread], {
        timeoutMs: TIMEOUT_MS,
        isTimed: true,
      });
    started = new Map(THREADS.map((thread) => [thread, start(thread)]));
  });

  for (const thread of THREADS) {
    describe(`on the ${thread} thread`, () => {
      let ended: Run;
      let reports: readonly NodeCodeReport[];

      before(async () => {
        ended = (await started.get(thread)) as Run;
        reports = ended.stdout.map((line) => JSON.parse(line));
      });

      for (const kind of KINDS) {
        it(`is interrupted in ${kind}, and Node loses nothing`, () => {
          const mine = reports.filter((report) => report.kind === kind);
          expect(mine, `reports, the process ended with ${ended.code ?? ended.signal}`).to.have.length(
            ROUNDS,
          );
          for (const report of mine) {
            expect(report, JSON.stringify(report)).to.deep.include({ preempted: true, lost: [] });
            expect(report.endedAfterMs).to.be.within(40, 2000);
            expect(report.blockedAt).to.include('node-code-program.js');
          }
        });
      }

      it('the process ends by itself and prints nothing to stderr', () => {
        expect(ended).to.include({ code: 0, signal: null, stderr: '' });
      });
    });
  }
});
