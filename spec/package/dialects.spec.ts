import { basename } from 'node:path';
import { expect } from 'chai';
import { type Build, builds, COMPILERS, NODE_NEXT, tsc, tscBuild } from './builds.js';
import { run } from './commands.js';
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

const expectSummary = (printed = ''): void => {
  expect(JSON.parse(printed)).to.deep.equal(SUMMARY);
};

describe('The installed package (R2)', () => {
  const made = new Map<Build, Promise<unknown>>();
  const printed = new Map<string, Promise<string>>();

  // Everything is started at once and waits for a free processor; each test then awaits its own result.
  before(async () => {
    const { directory } = await project();
    for (const build of builds) {
      const making = build.make(directory);
      made.set(build, making);
      for (const output of build.outputs) {
        for (const node of nodes) {
          const running = making.then(() => run(node.file, [output], directory));
          running.catch(() => {});
          printed.set(node.title + output, running);
        }
      }
    }
  });

  for (const build of builds) {
    describe(`compiled by ${build.title}`, () => {
      it('is built', () => made.get(build));

      for (const output of build.outputs) {
        for (const { title } of nodes) {
          it(`times out and runs hooks in ${basename(output)} on ${title}`, async () => {
            expectSummary(await printed.get(title + output));
          });
        }
      }
    });
  }

  describe('where Node cannot require an ES module', () => {
    const build = tscBuild('typescript-7', 'legacy', NODE_NEXT, 'orders.cts');

    before(async () => build.make((await project()).directory));

    for (const { title, file, canRefuseRequiredModules } of nodes) {
      (canRefuseRequiredModules ? it : it.skip)(`is required as CommonJS on ${title}`, async () => {
        const { directory } = await project();
        const args = ['--no-experimental-require-module', ...build.outputs];
        expectSummary(await run(file, args, directory));
      });
    }
  });

  describe('without @types/node', () => {
    for (const compiler of COMPILERS) {
      it(`compiles by ${compiler} with the types of browsers, in both dialects`, async () => {
        const { bareDirectory } = await project();
        await Promise.all([
          tsc(bareDirectory, compiler, '--project', '.'),
          tsc(bareDirectory, compiler, '--project', '.', '--experimentalDecorators'),
        ]);
      });
    }
  });
});
