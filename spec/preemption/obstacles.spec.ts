import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { memberName } from '../support/dialect.js';

const program = fileURLToPath(new URL('obstacles-program.js', import.meta.url));

const run = (scenario: string, ...execArgv: string[]) =>
  JSON.parse(
    execFileSync(process.execPath, [...execArgv, program, scenario], { encoding: 'utf8', stdio: 'pipe' }),
  ) as { name: string; preempted: boolean; closed: number; warnings: string[]; heard: string[] };

describe('where preemption cannot work (R28)', function () {
  this.timeout(20_000);

  const handler = memberName('Orders', 'handler');
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';

  const obstacles: [string, RegExp, ...string[]][] = [
    ['no inspector', /this Node has been built without inspector$/],
    ['a context of its own', /this code runs in a context of its own, as tests in Jest do$/],
    ['other immediates', /this Node keeps its immediates in another way$/],
    ['other hooks', /this Node keeps its async hooks in another way$/],
    ['zone.js', /zone\.js has replaced the timers of Node; import this package first$/],
    ['fake timers', /fake timers are on; import this package before they are$/],
    ['Bun', /bun has no way to do it, only Node has$/],
    ['no permission', /Access to this API has been restricted/, permission, '--allow-fs-read=*'],
  ];
  for (const [scenario, reason, ...execArgv] of obstacles) {
    it(`one warning gives the reason, and the ordinary timeout works (${scenario})`, () => {
      const { warnings, heard: _, ...result } = run(scenario, ...execArgv);
      expect(result).to.deep.equal({ name: 'LambdaTimeoutError', preempted: false, closed: 1 });
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.match(reason);
      expect(warnings[0]).to.include(`${handler} cannot be preempted, but its timeout still works: `);
    });
  }
});

describe('with --frozen-intrinsics', () => {
  it('the package does not load, because reflect-metadata does not, with `preempt` or without', () => {
    const script = `import('reflect-metadata/lite').catch((error) => console.log(String(error)))`;
    const { stdout } = spawnSync(process.execPath, ['--frozen-intrinsics', '-e', script], {
      encoding: 'utf8',
    });
    expect(stdout).to.equal('TypeError: Cannot define property decorate, object is not extensible\n');
  });
});

describe('code that blocks the event loop after it has caught its own timeout (R23)', () => {
  it('is interrupted, crash reporters are not called, and `preempted` is true in the error that it caught', () => {
    expect(run('its timeout caught')).to.deep.equal({
      name: 'LambdaTimeoutError',
      preempted: true,
      closed: 1,
      warnings: [],
      heard: ['1 listener'],
    });
  }).timeout(20_000);
});

describe('the watchdog (R27)', function () {
  this.timeout(20_000);

  it('does nothing to an idle thread', () => {
    const { name, preempted } = run('a look at nothing');
    expect({ name, preempted }).to.deep.equal({ name: 'LambdaTimeoutError', preempted: false });
  });

  it('does not watch an invocation without a clock', () => {
    const { warnings, closed } = run('no clock');
    expect(warnings).to.have.length(1);
    expect(closed).to.equal(2);
  });
});
