import { expect } from 'chai';
import { run } from './commands.js';
import { type Build, DIALECTS } from './compilers/build.js';
import { NODE_NEXT, tscBuild } from './compilers/tsc.js';
import { nodes } from './nodes.js';
import { project } from './project.js';

for (const dialect of DIALECTS) {
  const build = tscBuild(
    'typescript-7',
    dialect,
    NODE_NEXT,
    'copies.mts',
    'own-metadata.mts',
    'polyfilled.mts',
  );
  const [copies = '', ownMetadata = '', polyfilled = ''] = build.outputs;

  describe(`The installed package with ${dialect} decorators`, () => {
    before(() => make(build));

    for (const node of nodes) {
      describe(`as an ES module and as CommonJS in one process, on ${node.title} (R5, R23, R24)`, () => {
        let summary: Record<string, unknown>;

        before(async () => {
          summary = await runProgram(node.file, copies);
        });

        it('is loaded twice', () => {
          expect(summary.areCopies).to.equal(true);
        });

        const shared = {
          sameDeadline: true,
          isOwnError: true,
          isOthersError: true,
          hasOthersDeadline: true,
          hooks: ['recall', 'report', 'notify', 'close rejected'],
          warnings: [],
        };

        for (const handler of ['handlerImported', 'handlerRequired']) {
          it(`shares hooks, errors and deadline: ${handler}`, () => {
            expect(summary[handler]).to.deep.equal({ ...shared, preempted: false });
          });
        }

        for (const handler of ['blockedHandlerImported', 'blockedHandlerRequired']) {
          it(`shares the watchdog: ${handler} (R26)`, () => {
            expect(summary[handler]).to.deep.equal({ ...shared, preempted: true });
          });
        }

        it('does not treat other errors as a timeout', () => {
          expect(summary.foreignError).to.equal(false);
        });
      });

      describe(`in a program with metadata of its own, on ${node.title} (R5)`, () => {
        for (const reflectMetadata of ['reflect-metadata', 'reflect-metadata-0.1']) {
          for (const order of ['before', 'after']) {
            it(`keeps that metadata and finds its own hooks, with ${reflectMetadata} imported ${order} the package`, async () => {
              expect(await runProgram(node.file, ownMetadata, order, reflectMetadata)).to.deep.equal({
                steps: ['report', 'close'],
                table: ['bases', 'orders', 'orders'],
                ownTable: false,
                route: '/express',
              });
            });
          }
        }
      });

      describe(`in a program that loads another polyfill of Reflect later, on ${node.title} (R5)`, () => {
        it('finds its hooks, those of a copy that is loaded after it too, and leaves it its metadata', async () => {
          expect(await runProgram(node.file, polyfilled)).to.deep.equal({
            isReplaced: true,
            steps: ['report', 'close'],
            route: '/express',
          });
        });
      });
    }
  });
}

async function make(build: Build): Promise<void> {
  const { directory } = await project();
  await build.make(directory);
}

async function runProgram(node: string, ...args: string[]): Promise<Record<string, unknown>> {
  const { directory } = await project();
  return JSON.parse(await run(node, args, directory));
}
