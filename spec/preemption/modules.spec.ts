import { expect } from 'chai';
import { memberName } from '../support/dialect.js';
import { programsOf } from '../support/programs.js';

const { run } = programsOf(import.meta.url);

interface Report {
  readonly blocked: { readonly name: string; readonly blockedAt: string | null };
  readonly again: unknown;
  readonly isSame: boolean;
  /** How many modules are children of others in Node's cache, but are not loaded. */
  readonly halfLoaded: number;
  readonly warnings: string[];
}

type How = 'require' | 'require later' | 'import';

/** Lets a handler load a module twice. The module blocks when it is loaded for the first time. */
async function load(how: How, module: string, ...args: string[]): Promise<Report> {
  const { code, signal, stdout, stderr } = await run('modules-program', [how, module, ...args]);
  expect({ code, signal, stderr, lines: stdout.length }).to.deep.equal({
    code: 0,
    signal: null,
    stderr: '',
    lines: 1,
  });
  return JSON.parse(stdout[0] ?? '');
}

const SLOW = { first: 1, second: 2 };
const PARENT = { whole: { value: {} }, slow: SLOW, end: true };

describe('A module that blocks the event loop while it is loaded (R27a)', function () {
  this.timeout(30_000);

  describe('a CommonJS module', () => {
    const whole: [string, How, string, string, unknown][] = [
      ['that the handler requires', 'require', 'slow.cjs', 'at Object.<anonymous> (/slow.cjs', SLOW],
      ['that blocks deep in a recursion', 'require', 'deep.cjs', 'at recur (/deep.cjs', SLOW],
      [
        'that other modules require',
        'require',
        'grandparent.cjs',
        'at Object.<anonymous> (/slow.cjs',
        { parent: PARENT, end: true },
      ],
      [
        'that a loaded module requires later',
        'require later',
        'parent.cjs',
        'at Object.<anonymous> (/slow.cjs',
        PARENT,
      ],
    ];
    for (const [what, how, module, blockedAt, exports] of whole) {
      it(`${what} is loaded as a whole by the next require(), and earlier modules stay the same`, async () => {
        const { blocked, ...report } = await load(how, module);
        expect(blocked.name).to.equal('LambdaTimeoutError');
        expect(blocked.blockedAt).to.include(blockedAt);
        expect(report).to.deep.equal({ again: exports, isSame: true, halfLoaded: 0, warnings: [] });
      });
    }

    it('is loaded as a whole by the next require() even if a frozen `Error` hides the stack', async () => {
      const { again } = await load('require', 'grandparent.cjs', 'frozen');
      expect(again).to.deep.equal({ parent: PARENT, end: true });
    });
  });

  describe('an import', () => {
    const lost: [string, How, string, string][] = [
      ['of the module itself', 'import', 'slow.mjs', '/slow.mjs'],
      ['of a module that imports it', 'import', 'grandparent.mjs', '/slow.mjs'],
      ['of a CommonJS module', 'import', 'parent.cjs', '/parent.cjs'],
      ['of a module that imports a CommonJS module', 'import', 'of-commonjs.mjs', '/parent.cjs'],
      ['by require()', 'require', 'grandparent.mjs', '/slow.mjs'],
    ];
    for (const [what, how, module, named] of lost) {
      it(`${what} cannot be repeated in this environment, and one warning says so`, async () => {
        const { blocked, isSame, warnings } = await load(how, module);
        expect(blocked.name).to.equal('LambdaTimeoutError');
        expect(blocked.blockedAt).to.match(/slow\.[cm]js/);
        expect(isSame).to.equal(true);
        expect(warnings).to.deep.equal([
          `Tasks.handler was interrupted in the middle of an import of ${named}: ` +
            'This environment cannot import it any more. `process.exit(1)` in the last @Finally hook asks for another one.',
        ]);
      });
    }

    // V8 would end the process in some of these cases.
    for (const module of ['slow-later.mjs', 'parent-of-later.mjs', 'behind-a-wait.mjs']) {
      it(`is not interrupted after a top-level await, and one warning says so (${module})`, async () => {
        const { blocked, again, warnings } = await load('import', module);
        expect(blocked).to.deep.include({ second: 2 });
        expect(again).to.deep.equal(blocked);
        expect(warnings).to.deep.equal([
          `${memberName('Tasks', 'handler')} cannot be preempted, but its timeout still works: a module that goes on after a top-level \`await\` cannot be interrupted`,
        ]);
      });
    }
  });
});
