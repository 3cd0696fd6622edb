import { cp, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { run } from './commands.js';
import { bundle } from './compilers/esbuild.js';
import { NODE_NEXT, tscBuild } from './compilers/tsc.js';
import { nodes } from './nodes.js';
import { project } from './project.js';

// What fixtures/project/costly.cjs loads.
const POWERTOOLS = ['@aws-lambda-powertools/commons', '@aws-lambda-powertools/logger'];
const COSTLY = ['inspector', 'inspector/promises', 'worker_threads'];

interface Footprint {
  readonly builtins: readonly string[];
  readonly decoys: readonly string[];
}

describe('The footprint of the package', () => {
  const { make, outputs } = tscBuild('typescript-7', 'standard', NODE_NEXT, 'orders.mts', 'orders.cts');
  let directory: string;

  before(async () => {
    ({ directory } = await project());
    await make(directory);
    for (const name of POWERTOOLS) {
      await cp(join(directory, 'decoy.cjs'), join(directory, 'node_modules', name, 'index.js'));
    }
  });

  for (const node of nodes) {
    describe(`on ${node.title} (R28)`, () => {
      const footprintOf = async (program: string): Promise<Footprint> => {
        const printed = await run(node.file, ['--require', './footprint.cjs', program], directory);
        return JSON.parse(printed.trimEnd().split('\n').at(-1) ?? '');
      };

      for (const program of outputs) {
        it(`does not include Powertools, threads or the inspector when ${basename(program)} uses the package`, async () => {
          const { builtins, decoys } = await footprintOf(program);
          // When an ES module imports `node:util`, newer versions of Node load all that it re-exports, also threads.
          const inevitable = program.endsWith('.mjs') ? await footprintOf('node-util.mjs') : undefined;
          const avoidable = COSTLY.filter((name) => !inevitable?.builtins.includes(name));
          expect(builtins).to.include('async_hooks');
          expect(builtins.filter((name) => avoidable.includes(name))).to.deep.equal([]);
          expect(decoys).to.deep.equal([]);
        });
      }

      it('includes Powertools, threads and the inspector in a program that loads them', async () => {
        const { builtins, decoys } = await footprintOf('costly.cjs');
        expect(builtins).to.include.members(COSTLY);
        expect(decoys).to.have.members(POWERTOOLS);
      });
    });
  }
});

describe('A bundle (sideEffects)', () => {
  const bundleOf = async (source: string): Promise<string> => {
    const { directory } = await project();
    await writeFile(join(directory, 'bundled.ts'), source);
    const { outputFiles } = await bundle(directory, 'bundled.ts', { format: 'esm', write: false });
    return outputFiles?.[0]?.text ?? '';
  };

  const unused = {
    'an import of nothing': `import 'lambda-graceful-timeout';`,
    'an unused import': `import * as unused from 'lambda-graceful-timeout'; export type Unused = typeof unused;`,
    'an import of a type': `import type { Deadline } from 'lambda-graceful-timeout'; export type Mine = Deadline;`,
  };
  for (const [what, source] of Object.entries(unused)) {
    it(`contains nothing of the package after ${what}`, async () => {
      expect(await bundleOf(source)).to.equal('');
    });
  }

  it('contains the package and its metadata after an import that is used', async () => {
    const text = await bundleOf(`export { OnTimeout } from 'lambda-graceful-timeout';`);
    expect(text).to.include('Symbol.metadata').and.include('defineMetadata');
  });
});
