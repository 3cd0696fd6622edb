import { expect } from 'chai';
import type { NodeCodeReport } from './node-code.js';
import { type Run, run } from './programs.js';

/** How often loops are interrupted; ten times as often for a soak. */
const ROUNDS = 40 * Number(process.env.ROUNDS ?? 1);
const TIMEOUT_MS = 1000 * ROUNDS;

describe('A loop that spends its time in functions of Node (R27a)', function () {
  this.timeout(TIMEOUT_MS);
  let ended: Run;
  let reports: readonly NodeCodeReport[];

  before(async () => {
    ended = await run('node-code-program', [String(ROUNDS)], { timeoutMs: TIMEOUT_MS });
    reports = ended.stdout.map((line) => JSON.parse(line));
  });

  const kinds = ['timers', 'timers that overlap', 'immediates', 'ticks', 'streams', 'fs', 'buffers', 'urls'];
  for (const kind of kinds) {
    it(`is interrupted in ${kind}, and Node loses nothing`, () => {
      const mine = reports.filter((report) => report.kind === kind);
      expect(mine, `reports, the process ended with ${ended.code ?? ended.signal}`).to.have.length(
        ROUNDS / kinds.length,
      );
      for (const report of mine) {
        expect(report).to.deep.include({ preempted: true, lost: [] });
        expect(report.endedAfterMs).to.be.within(40, 1000);
        expect(report.blockedAt).to.include('node-code-program.js');
      }
    });
  }

  it('leaves a process that ends by itself and prints nothing of its own', () => {
    expect(ended).to.include({ code: 0, signal: null, stderr: '' });
  });
});
