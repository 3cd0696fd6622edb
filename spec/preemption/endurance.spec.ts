import { expect } from 'chai';
import type { EnduranceReport } from './endurance.js';
import { KINDS } from './endurance.js';
import { run } from './programs.js';

const ROUNDS = Number(process.env.ROUNDS ?? 1);
/** A loop of `vm` is not always ended. After that of a standard stream, a later write may fail: see docs/preemption.md. */
const LIMITS: readonly string[] = ['vm with a timeout', 'stdout', 'stderr'];
const ENDED = KINDS.filter((kind) => !LIMITS.includes(kind));
const TIMEOUT_MS = 120_000 * ROUNDS;

describe('A process that is interrupted again and again (R0, R26, R27a)', function () {
  this.timeout(TIMEOUT_MS);

  for (const listener of ['nobody', 'tracer']) {
    it(`loses nothing, whatever the code does, with async hooks of ${listener}`, async () => {
      const { code, signal, stdout } = await run('endurance-program', [listener, String(ROUNDS), ...ENDED], {
        timeoutMs: TIMEOUT_MS,
        isTimed: true,
      });
      const reports = stdout.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
      for (const report of reports as EnduranceReport[]) {
        expect(report, `${report.kind} after ${report.after}`).to.deep.include({
          error: 'LambdaTimeoutError, true',
          isInTime: true,
          lost: [],
          warnings: [],
        });
      }
      expect({ code, signal }).to.deep.equal({ code: 0, signal: null });
      expect(reports).to.have.length(2 * ENDED.length ** 2 * ROUNDS);
    });
  }
});
