import { expect } from 'chai';
import { builds } from './builds.js';
import { run } from './commands.js';
import { NODE_NEXT, tsc, tscBuild } from './compilers/tsc.js';
import { itPrints } from './each-build.js';
import { nodes } from './nodes.js';
import { project } from './project.js';

const timeout = (requestId: string) => ({
  name: 'LambdaTimeoutError',
  constructorName: 'LambdaTimeoutError',
  isError: true,
  handler: 'handler',
  requestId,
  marginMs: 10_000,
  preempted: false,
  loggedAs: 'LambdaTimeoutError',
  logsName: false,
});

const SUMMARY = {
  inTime: {
    steps: ['ship pen', 'flush fulfilled', 'close fulfilled pen'],
    outcome: 'pen shipped',
  },
  timedOut: {
    steps: [
      'ship piano',
      'log LambdaTimeoutError',
      'abort LambdaTimeoutError',
      'notify courier',
      'report true',
      'apologise LambdaTimeoutError',
      'flush fulfilled',
      'close fulfilled piano',
    ],
    outcome: 'piano in request-piano has to wait',
  },
  staticInTime: { steps: ['ship letter', 'close fulfilled'], outcome: 'letter shipped' },
  staticTimedOut: {
    steps: [
      'ship atlas',
      'log LambdaTimeoutError',
      'abort LambdaTimeoutError',
      'report LambdaTimeoutError atlas',
      'close rejected',
    ],
    outcome: timeout('request-atlas'),
  },
};

describe('The installed package (R2)', () => {
  itPrints(builds, SUMMARY, 'times out and runs hooks');

  describe('where Node cannot require an ES module', () => {
    const build = tscBuild('typescript-7', 'legacy', NODE_NEXT, 'orders.cts');

    before(async () => build.make((await project()).directory));

    for (const { title, file, canRefuseRequiredModules } of nodes) {
      (canRefuseRequiredModules ? it : it.skip)(`is required as CommonJS on ${title}`, async () => {
        const { directory } = await project();
        const args = ['--no-experimental-require-module', ...build.outputs];
        expect(JSON.parse(await run(file, args, directory))).to.deep.equal(SUMMARY);
      });
    }
  });

  describe('without @types/node', () => {
    for (const version of ['typescript-7', 'typescript-5.4'] as const) {
      it(`compiles by ${version} with the types of browsers, in both dialects`, async () => {
        const { bareDirectory } = await project();
        await Promise.all([
          tsc(bareDirectory, version, '--project', '.'),
          tsc(bareDirectory, version, '--project', '.', '--experimentalDecorators'),
        ]);
      });
    }
  });
});
