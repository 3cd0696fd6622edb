import { expect } from 'chai';
import { type Run, run } from './programs.js';
import { EVENTS, INNOCENT, type Scenario } from './uncaught.js';

/** What `--unhandled-rejections` can be set to, and the exit code of a process with one that nobody handles. */
const MODES = {
  strict: 1,
  throw: 1,
  warn: 0,
  none: 0,
  'warn-with-error-code': 1,
} as const;

/** Runs the program, and leaves out what Node's warnings count: the processes, and the promises that have rejected. */
async function outcomeOf(scenario: Scenario, ...nodeOptions: string[]): Promise<Run> {
  const { stderr, ...rest } = await run('uncaught-program', scenario, nodeOptions);
  return { ...rest, stderr: stderr.replaceAll(/(?<=\(node:|rejection id: )\d+/g, '…') };
}

describe('an error of innocent code (R16)', function () {
  this.timeout(30_000);

  /** Proves that a timeout before changes nothing, and answers with what happens. */
  async function sameAsWithoutPackage(
    scenario: Omit<Scenario, 'before'>,
    ...nodeOptions: string[]
  ): Promise<Run> {
    const [without, timedOut] = await Promise.all([
      outcomeOf({ ...scenario, before: 'no package' }, ...nodeOptions),
      outcomeOf({ ...scenario, before: 'a timeout' }, ...nodeOptions),
    ]);
    expect(timedOut).to.deep.equal(without);
    return without;
  }

  for (const whose of INNOCENT) {
    describe(`of ${whose}`, () => {
      for (const [mode, code] of Object.entries(MODES)) {
        it(`has the same effect after a timeout, with --unhandled-rejections=${mode}`, async () => {
          const scenario = { whose, kind: 'rejection', listened: [] } as const;
          const outcome = await sameAsWithoutPackage(scenario, `--unhandled-rejections=${mode}`);
          expect(outcome.code).to.equal(code);
        });
      }

      for (const kind of ['rejection', 'exception'] as const) {
        it(`ends the process after a timeout, too, where nobody listens (${kind})`, async () => {
          const outcome = await sameAsWithoutPackage({ whose, kind, listened: [] });
          expect(outcome).to.include({ code: 1, stdout: '' });
        });

        it(`is heard of after a timeout, too, by all who listen (${kind})`, async () => {
          const outcome = await sameAsWithoutPackage({ whose, kind, listened: EVENTS });
          const heard =
            kind === 'rejection'
              ? 'unhandledRejection: Error: stray\n'
              : 'uncaughtExceptionMonitor: Error: stray\nuncaughtException: Error: stray\n';
          expect(outcome).to.deep.include({ code: 0, stdout: `${heard}survived\n`, stderr: '' });
        });
      }

      it('is heard of after a timeout, too, by a monitor alone', async () => {
        const outcome = await sameAsWithoutPackage({
          whose,
          kind: 'exception',
          listened: ['uncaughtExceptionMonitor'],
        });
        expect(outcome).to.include({ code: 1, stdout: 'uncaughtExceptionMonitor: Error: stray\n' });
      });
    });
  }
});

describe('an error of abandoned code (R16)', function () {
  this.timeout(30_000);

  const WARNED =
    'warned: Orders.handler left an error uncaught, after its deadline, in request its-request\nsurvived\n';

  const whose = 'an abandoned invocation';

  for (const kind of ['rejection', 'exception'] as const) {
    for (const before of ['no timeout', 'a timeout'] as const) {
      const which = before === 'a timeout' ? 'the second' : 'the first';
      for (const listened of [[], EVENTS]) {
        const who = listened.length === 0 ? 'nobody listens' : 'somebody listens to all such events';
        it(`does not end the process, and reaches nobody, in ${which} one, where ${who} (${kind})`, async () => {
          const outcome = await outcomeOf({ before, whose, kind, listened });
          expect(outcome).to.deep.equal({ code: 0, signal: null, stdout: WARNED, stderr: '' });
        });
      }
    }
  }

  for (const mode of Object.keys(MODES)) {
    it(`does not end the process, and reaches nobody, with --unhandled-rejections=${mode}`, async () => {
      const scenario = { before: 'no timeout', whose, kind: 'rejection', listened: EVENTS } as const;
      const outcome = await outcomeOf(scenario, `--unhandled-rejections=${mode}`);
      expect(outcome).to.include({ code: 0, stdout: WARNED });
    });
  }
});
