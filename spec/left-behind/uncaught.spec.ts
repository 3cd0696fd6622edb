import { expect } from 'chai';
import { programsOf, type Run } from '../support/programs.js';
import { EVENTS, INNOCENT, type Scenario } from './uncaught.js';

const { run } = programsOf(import.meta.url);

/** The values of `--unhandled-rejections`, and the exit code of a process in which a rejection stays unhandled. */
const MODES = {
  strict: 1,
  throw: 1,
  warn: 0,
  none: 0,
  'warn-with-error-code': 1,
} as const;

/** Runs the program. Leaves out the ids in Node's warnings: those of the process and of the rejection. */
async function outcomeOf(scenario: Scenario, ...nodeOptions: string[]): Promise<Run> {
  const { stderr, ...rest } = await run('uncaught-program', [JSON.stringify(scenario)], {
    nodeArgs: nodeOptions,
  });
  return { ...rest, stderr: stderr.replaceAll(/(?<=\(node:|rejection id: )\d+/g, '…') };
}

describe('an uncaught error of code that has not timed out (R16)', function () {
  this.timeout(30_000);

  /** Expects the same outcome after a timeout as without this package, and returns that outcome. */
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
        it(`has the same effect after a timeout as without this package, with --unhandled-rejections=${mode}`, async () => {
          const scenario = { whose, kind: 'rejection', listened: [] } as const;
          const outcome = await sameAsWithoutPackage(scenario, `--unhandled-rejections=${mode}`);
          expect(outcome.code).to.equal(code);
        });
      }

      for (const kind of ['rejection', 'exception'] as const) {
        it(`ends the process if there is no listener, also after a timeout (${kind})`, async () => {
          const outcome = await sameAsWithoutPackage({ whose, kind, listened: [] });
          expect(outcome).to.deep.include({ code: 1, stdout: [] });
        });

        it(`reaches the same listeners after a timeout as without this package (${kind})`, async () => {
          const outcome = await sameAsWithoutPackage({ whose, kind, listened: EVENTS });
          const heard =
            kind === 'rejection'
              ? ['unhandledRejection: Error: stray']
              : ['uncaughtExceptionMonitor: Error: stray', 'uncaughtException: Error: stray'];
          expect(outcome).to.deep.include({ code: 0, stdout: [...heard, 'survived'], stderr: '' });
        });
      }

      it('reaches a monitor, and ends the process if there is no other listener, also after a timeout', async () => {
        const outcome = await sameAsWithoutPackage({
          whose,
          kind: 'exception',
          listened: ['uncaughtExceptionMonitor'],
        });
        expect(outcome).to.deep.include({ code: 1, stdout: ['uncaughtExceptionMonitor: Error: stray'] });
      });
    });
  }
});

describe('an error of abandoned code (R16)', function () {
  this.timeout(30_000);

  const WARNED = [
    'warned: Orders.handler left an error uncaught, after its deadline, in request its-request',
    'survived',
  ];

  const whose = 'an abandoned invocation';

  for (const kind of ['rejection', 'exception'] as const) {
    for (const before of ['no timeout', 'a timeout'] as const) {
      const which = before === 'a timeout' ? 'the second' : 'the first';
      for (const listened of [[], EVENTS]) {
        const who = listened.length === 0 ? 'without listeners' : 'with listeners to all such events';
        it(`is only logged, and the process goes on, at ${which} timeout, ${who} (${kind})`, async () => {
          const outcome = await outcomeOf({ before, whose, kind, listened });
          expect(outcome).to.deep.equal({ code: 0, signal: null, stdout: WARNED, stderr: '' });
        });
      }
    }
  }

  for (const mode of Object.keys(MODES)) {
    it(`is only logged, and the process goes on, with --unhandled-rejections=${mode}`, async () => {
      const scenario = { before: 'no timeout', whose, kind: 'rejection', listened: EVENTS } as const;
      const outcome = await outcomeOf(scenario, `--unhandled-rejections=${mode}`);
      expect(outcome).to.deep.include({ code: 0, stdout: WARNED });
    });
  }
});
