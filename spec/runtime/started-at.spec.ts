import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { build } from 'esbuild';

const FOLDER = fileURLToPath(new URL('../../../started-at', import.meta.url));

// The program is a file of its own, so that its lines are known. A package below it does what an SDK does.
const PROGRAM = `
import { GracefulTimeout } from 'lambda-graceful-timeout';
import { createServer } from 'node:net';
import { send } from 'sdk';

class Orders {
  async handler(url) {
    await null;
    await send(url);
  }
}
const logger = { error() {}, warn() {} };
const descriptor = Object.getOwnPropertyDescriptor(Orders.prototype, 'handler');
GracefulTimeout({ marginMs: 5000, logger })(Orders.prototype, 'handler', descriptor);
Object.defineProperty(Orders.prototype, 'handler', descriptor);

const server = createServer(() => {}).listen(0, '127.0.0.1', () => {
  const context = { getRemainingTimeInMillis: () => 5100 };
  new Orders().handler('http://127.0.0.1:' + server.address().port, context).catch(({ pending }) => {
    console.log(JSON.stringify(pending));
    process.exit();
  });
});
`;

const SDK = `
exports.send = async function send(url) {
  await null;
  return await fetch(url);
};
`;

/** Node's arguments that run the program, for each way to build it. */
const builds: Record<string, () => Promise<string[]>> = {
  'an ECMAScript module': async () => [join(FOLDER, 'app.mjs')],
  'a CommonJS module': async () => [await bundle('app.cjs', { packages: 'external', format: 'cjs' })],
  'a bundle with source maps': async () => ['--enable-source-maps', await bundle('bundle.mjs', {})],
  'a minified bundle with source maps': async () => [
    '--enable-source-maps',
    await bundle('minified.mjs', { minify: true }),
  ],
};

async function bundle(name: string, options: object): Promise<string> {
  const outfile = join(FOLDER, name);
  await build({
    entryPoints: [join(FOLDER, 'app.mjs')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    sourcemap: true,
    ...options,
  });
  return outfile;
}

describe('PendingOperation.startedAt (R30)', function () {
  this.timeout(20_000);

  before(() => {
    const sdk = join(FOLDER, 'node_modules', 'sdk');
    mkdirSync(sdk, { recursive: true });
    writeFileSync(join(FOLDER, 'app.mjs'), PROGRAM);
    writeFileSync(join(sdk, 'index.js'), SDK);
    writeFileSync(join(sdk, 'package.json'), '{ "name": "sdk", "type": "commonjs" }');
  });

  for (const [name, make] of Object.entries(builds)) {
    it(`is the user's own line in ${name}`, async () => {
      const printed = execFileSync(process.execPath, await make(), { encoding: 'utf8', cwd: FOLDER });
      const [{ operation, startedAt }, ...others] = JSON.parse(printed);
      expect(others).to.deep.equal([]);
      expect(operation).to.match(/^GET http:\/\/127\.0\.0\.1:\d+$/);
      const line = PROGRAM.split('\n').findIndex((text) => text.includes('await send(url)')) + 1;
      const isSource = !name.includes('CommonJS');
      expect(startedAt).to.match(
        new RegExp(
          `^at async \\S*handler \\(.*${isSource ? `app\\.mjs:${line}` : 'app\\.cjs:\\d+'}:\\d+\\)$`,
        ),
      );
    });
  }
});
