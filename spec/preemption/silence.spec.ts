import { expect } from 'chai';
import { programsOf } from '../support/programs.js';

const { reportOf, run } = programsOf(import.meta.url);

const PREEMPTED = { name: 'LambdaTimeoutError', preempted: true };
const NOT_PREEMPTED = { name: 'LambdaTimeoutError', preempted: false };

/** How many times as slow awaits may be afterwards. While an async hook is enabled, they are much slower. */
const MAX_SLOWDOWN = 3;

interface Report {
  readonly slowdown: number;
}

describe('the watchdog (R28)', function () {
  this.timeout(30_000);

  const changes = [
    'a frozen Error',
    'a read-only prepareStackTrace',
    'domain before',
    'domain after',
    'domains with listeners, one in the other',
    'a capture callback',
    'no word of the end',
    'recursion again and again',
  ];
  for (const change of changes) {
    it(`interrupts in time, and leaves everything as it was, in spite of ${change}`, async () => {
      const { slowdown, ...report } = await reportOf<Report>('silence-program', change);
      expect(report).to.deep.equal({
        blocked: PREEMPTED,
        again: PREEMPTED,
        isAsBefore: true,
        warnings: [],
        hooks: 3,
      });
      expect(slowdown).to.be.lessThan(MAX_SLOWDOWN);
    });
  }

  for (const failure of ['the trace', 'the session']) {
    it(`warns once with the reason if ${failure} fails, leaves everything as it was, and goes on watching`, async () => {
      const { slowdown, ...report } = await reportOf<Report>('silence-program', failure);
      expect(report).to.deep.equal({
        missed: NOT_PREEMPTED,
        blocked: PREEMPTED,
        isAsBefore: true,
        warnings: ['Error: no look today'],
        hooks: 3,
      });
      expect(slowdown).to.be.lessThan(MAX_SLOWDOWN);
    });
  }

  const strikes: [string, string, unknown][] = [
    ['a termination by others', 'interrupts the code', PREEMPTED],
    [
      'a termination by others in the code of another invocation',
      'passes the termination on',
      [NOT_PREEMPTED, 'ERR_SCRIPT_EXECUTION_TIMEOUT'],
    ],
  ];
  for (const [scenario, does, blocked] of strikes) {
    it(`looks again after ${scenario} has struck a look, puts back what that had changed, and ${does} (R26)`, async () => {
      const { strikes, ...report } = await reportOf<{ strikes: number }>('silence-program', scenario);
      expect(report).to.deep.equal({ blocked, again: PREEMPTED, isAsBefore: true, warnings: [] });
      expect(strikes).to.be.at.least(1);
    });
  }

  const UNHEARD = 'lambda-graceful-timeout: code that blocks the event loop cannot be interrupted: ';

  it('writes to stderr that an endless recursion leaves no room on the stack, because the blocked thread cannot log it', async () => {
    const ended = await run('silence-program', ['recursion without end'], { timeoutMs: 3000 });
    expect(ended).to.deep.include({
      signal: 'SIGKILL',
      stdout: [],
      stderr: `${UNHEARD}RangeError: Maximum call stack size exceeded\n`,
    });
  });

  it('writes to stderr once, and without much CPU time, that the inspector does not know the worker thread', async () => {
    const { code, stdout, stderr } = await run('lost-program', []);
    expect({ code, stderr }).to.deep.equal({
      code: 0,
      stderr: `${UNHEARD}the inspector does not know worker thread 12345\n`,
    });
    expect(JSON.parse(stdout[0] ?? '').cpuMs).to.be.lessThan(500);
  });
});
