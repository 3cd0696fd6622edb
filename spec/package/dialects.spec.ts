import { expect } from 'chai';
import { everyBuild } from './builds.js';
import { run } from './commands.js';
import { NODE_NEXT, tsc, tscBuild } from './compilers/tsc.js';
import { itPrints } from './each-build.js';
import { nodes } from './nodes.js';
import { ORDERS } from './printed.js';
import { project } from './project.js';

describe('The installed package (R2)', () => {
  itPrints(everyBuild('orders'), ORDERS, 'times out and runs hooks');

  describe('where Node cannot require an ES module', () => {
    const build = tscBuild('typescript-7', 'legacy', NODE_NEXT, 'orders.cts');

    before(async () => build.make((await project()).directory));

    for (const { title, file, canRefuseRequiredModules } of nodes) {
      (canRefuseRequiredModules ? it : it.skip)(`loads as CommonJS on ${title}`, async () => {
        const { directory } = await project();
        const args = ['--no-experimental-require-module', ...build.outputs];
        expect(JSON.parse(await run(file, args, directory))).to.deep.equal(ORDERS);
      });
    }
  });

  describe('without @types/node', () => {
    for (const version of ['typescript-7', 'typescript-5.4'] as const) {
      it(`compiles with ${version} and the types of browsers, in both dialects`, async () => {
        const { bareDirectory } = await project();
        await Promise.all([
          tsc(bareDirectory, version, '--project', '.'),
          tsc(bareDirectory, version, '--project', '.', '--experimentalDecorators'),
        ]);
      });
    }
  });
});
