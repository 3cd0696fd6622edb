import { basename } from 'node:path';
import { expect } from 'chai';
import { run } from './commands.js';
import type { Build } from './compilers/build.js';
import { nodes } from './nodes.js';
import { project } from './project.js';

/** Specifies what the compiled programs print, as JSON, on every Node. */
export function itPrints(builds: readonly Build[], summary: unknown, title: string): void {
  const made = new Map<Build, Promise<unknown>>();
  const printed = new Map<string, Promise<string>>();

  // All commands start at once, and each one waits for a free processor. Each test then awaits its own result.
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
        for (const node of nodes) {
          it(`${title} in ${basename(output)} on ${node.title}`, async () => {
            expect(JSON.parse((await printed.get(node.title + output)) ?? '')).to.deep.equal(summary);
          });
        }
      }
    });
  }
}
