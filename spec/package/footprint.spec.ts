import { cp, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { rollup } from 'rollup';
import { expectRejection } from '../support/expect-rejection.js';
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

  /** Bundles with Rollup, for which this package is code of the user, and `moduleSideEffects` is what the user sets. */
  const rolledUp = async (moduleSideEffects: boolean | ((id: string) => boolean)): Promise<string> => {
    const { directory } = await project();
    const resolve = (specifier: string): string => createRequire(join(directory, 'x.js')).resolve(specifier);
    const { generate } = await rollup({
      input: 'entry',
      external: /^node:|^events$/,
      treeshake: { moduleSideEffects },
      plugins: [
        {
          name: 'resolve',
          resolveId(id) {
            if (id === 'entry') return id;
            if (id === 'lambda-graceful-timeout')
              return join(directory, 'node_modules/lambda-graceful-timeout/dist/esm/index.js');
            return id.startsWith('reflect-metadata') ? resolve(id) : undefined;
          },
          load: (id) => (id === 'entry' ? "export { OnTimeout } from 'lambda-graceful-timeout';" : undefined),
        },
      ],
    });
    const { output } = await generate({ format: 'esm' });
    const file = `rolled-up-${typeof moduleSideEffects}.mjs`;
    await writeFile(join(directory, file), output[0].code);
    return run(process.execPath, [file], directory);
  };

  it('says what to set if the bundler has left its metadata out', async () => {
    const error = await expectRejection(rolledUp(false));
    expect(error)
      .to.have.property('message')
      .that.matches(
        /imports `reflect-metadata\/lite`, and expected .* got none\..* set `treeshake: \{ moduleSideEffects: /,
      );
  });

  it('loads with what that message says', async () => {
    expect(await rolledUp((id) => id.includes('reflect-metadata'))).to.equal('');
  });
});
