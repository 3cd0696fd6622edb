import { expect } from 'chai';
import { reportOf, run } from './programs.js';

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

  for (const failure of ['the trace', 'the session', 'the reset']) {
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

  it('looks again after a termination by others has struck a look, and puts back what that look had changed (R26)', async () => {
    expect(await reportOf('silence-program', 'a termination by others')).to.deep.equal({
      blocked: PREEMPTED,
      again: PREEMPTED,
      strikes: 2,
      isAsBefore: true,
      warnings: [],
    });
  });

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
