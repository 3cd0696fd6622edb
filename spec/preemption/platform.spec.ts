import { expect } from 'chai';
import { programsOf } from '../support/programs.js';

const { reportOf, run } = programsOf(import.meta.url);

interface Report {
  readonly blocked: { readonly name: string; readonly preempted: boolean; readonly blockedAt: string[] };
  readonly [fact: string]: unknown;
}

const seen = (scenario: string): Promise<Report> => reportOf('platform-program', scenario);

const expectInterrupted = ({ blocked }: Report): void => {
  expect(blocked).to.deep.include({ name: 'LambdaTimeoutError', preempted: true });
};

describe('preemption and the rest of the platform (R26 to R29)', function () {
  this.timeout(30_000);

  it('interrupts nothing while a debugger listens, and says so once (R28)', async () => {
    const nodeArgs = ['--inspect=127.0.0.1:0'];
    const ended = await run('platform-program', ['a debugger that listens'], { nodeArgs });
    const report: Report & { isInTime: boolean } = JSON.parse(ended.stdout[0] ?? '');
    expect(report.blocked).to.deep.include({ name: 'LambdaTimeoutError', preempted: false });
    expect(report.again).to.deep.include({ name: 'LambdaTimeoutError', preempted: false });
    expect(ended.code).to.equal(0);
    const said = ended.stderr.split('\n').filter((line) => line.includes('cannot be preempted'));
    expect(said).to.have.length(1);
    expect(said[0]).to.include('a debugger can attach');
  });

  it('calls no listener for uncaught exceptions, and removes none', async () => {
    const report = await seen('listeners of crashes');
    expectInterrupted(report);
    expect(report.heardOfThat).to.deep.equal([]);
    // Of two real errors, a permanent listener receives both, and a `once` listener receives one.
    const both = ['uncaughtExceptionMonitor', 'uncaughtException'];
    expect(report.heard).to.have.members([...both, ...both, ...both]);
  });

  it('uses one thread for all classes, and opens no port', async () => {
    const { other, threads, port } = await seen('two classes');
    expect({ other, threads, port }).to.deep.equal({ other: 'done', threads: 1, port: undefined });
  });

  it('does not disturb a timeout under the fake timers of a test, and does not use these timers', async () => {
    const report = await seen('fake timers');
    expect(report.outcome).to.deep.equal({ name: 'LambdaTimeoutError', preempted: false, elapsedMs: 60_000 });
    expect(report).to.include({ timers: 0, hooks: 1 });
    expectInterrupted(report);
  });

  for (const call of ['a process that is waited for', 'a key that is derived']) {
    it(`interrupts code after its native call, without its catch and finally blocks (${call})`, async () => {
      const report = await seen(call);
      expectInterrupted(report);
      expect(report).to.deep.include({ ran: [], next: 'served' });
    });
  }
});
