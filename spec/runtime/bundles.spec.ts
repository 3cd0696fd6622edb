import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import * as esbuild from 'esbuild';
import { closeFunctions, functionOf, needsRealClient, printed } from './local-lambda.js';

const HANDLERS = fileURLToPath(new URL('preempting-handlers.js', import.meta.url));
const BUNDLES = fileURLToPath(new URL('../../../bundles', import.meta.url));

const build = (source: string, outfile: string, options: esbuild.BuildOptions): Promise<unknown> =>
  esbuild.build({ entryPoints: [source], outfile, platform: 'node', target: 'node20', ...options });

const BUNDLERS = {
  'a minified ES module': async (taskRoot: string) => {
    const outfile = join(taskRoot, 'index.mjs');
    await build(HANDLERS, outfile, { bundle: true, minify: true, format: 'esm' });
  },
  'minified CommonJS': async (taskRoot: string) => {
    // Compiled first, so that the bundle contains what `require()` loads.
    const compiled = join(taskRoot, 'compiled.cjs');
    await build(HANDLERS, compiled, { format: 'cjs' });
    await build(compiled, join(taskRoot, 'index.cjs'), { bundle: true, minify: true, format: 'cjs' });
  },
};

describe('a bundle on the runtime client', function () {
  this.timeout(20_000);
  needsRealClient();
  afterEach(closeFunctions);

  describe('with `preempt` (R2, R26)', () => {
    for (const [bundle, make] of Object.entries(BUNDLERS)) {
      for (const afterMs of [undefined, 20]) {
        const where = afterMs === undefined ? 'at its start' : 'after an await';
        it(`is interrupted ${where}, and its process goes on (${bundle})`, async () => {
          const taskRoot = join(BUNDLES, bundle.replaceAll(' ', '-'));
          await make(taskRoot);
          const lambda = functionOf('index.handler', { taskRoot, timeoutMs: 800 });

          const stuck = await lambda.invoke({ work: 'spin', afterMs });
          expect(stuck.error?.errorType, stuck.error?.errorMessage).to.equal('LambdaTimeoutError');
          expect(stuck.error?.errorMessage).to.match(
            /it blocked the event loop and was interrupted at .*\.[cm]?js:\d+:\d+\)?$/,
          );
          expect(stuck.durationMs).to.be.below(800);
          expect(printed(stuck)).to.include.members([
            'INFO\treport: preempted true, its request',
            'INFO\treported again',
            'INFO\tclosed: rejected',
          ]);
          expect(await lambda.invoke({})).to.include({ response: 'done', processId: stuck.processId });
        });
      }
    }
  });
});
