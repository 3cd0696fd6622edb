import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { build } from 'esbuild';
import { blocksOf } from '../docs/markdown.js';
import { read } from '../docs/repository.js';
import { closeFunctions, functionOf, printed } from './local-lambda.js';
import { serve, useSilentServer } from './silent-server.js';

const TASK_ROOT = fileURLToPath(new URL('../../../quick-start', import.meta.url));

/** The examples of the README that are a whole handler: the quick start and the batch. */
const [quickStart = '', batch = ''] = blocksOf(read('README.md'))
  .filter(({ kind }) => kind === '```ts')
  .map(({ text }) => text.replaceAll(/^```.*$/gm, ''));

/** Bundles an example whose service is at another address, as a user would, and returns the name of its handler. */
async function bundle(name: string, code: string, service: string): Promise<string> {
  const contents = code.replace(/https:\/\/\w+\.example\.com/, service);
  expect(contents).to.include(service);
  await build({
    stdin: { contents, loader: 'ts', resolveDir: fileURLToPath(new URL('../../../..', import.meta.url)) },
    outfile: join(TASK_ROOT, `${name}.mjs`),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    keepNames: true,
  });
  return `${name}.handler`;
}

describe('the examples of the README', function () {
  this.timeout(20_000);
  const silent = useSilentServer();
  afterEach(closeFunctions);

  describe('the quick start (R12, R13, R30)', () => {
    const event = { rawQueryString: 'car=estate' };

    it('answers with what the service has answered', async () => {
      const service = await serve((_request, response) => response.end('{"monthly":42}'));
      try {
        const handler = await bundle('answered', quickStart, service.url);
        const result = await functionOf(handler, { taskRoot: TASK_ROOT, timeoutMs: 3000 }).invoke(event);
        expect(result.response).to.deep.include({ statusCode: 200, body: '{"monthly":42}' });
        expect(printed(result)).to.deep.equal(['INFO\tRuns at the deadline too, before any hook.']);
      } finally {
        await service.close();
      }
    });

    it('answers 504 if the service does not answer, after its `finally` has run', async () => {
      const handler = await bundle('silent', quickStart, silent.url);
      const result = await functionOf(handler, { taskRoot: TASK_ROOT, timeoutMs: 1500 }).invoke(event);
      const { requestId, response } = result;
      const body = JSON.stringify({ message: 'No quote in time', requestId });
      expect(response).to.deep.include({ statusCode: 504, body });
      expect(result.durationMs).to.be.below(1500);
      const [first, second] = printed(result);
      expect(first).to.equal('INFO\tRuns at the deadline too, before any hook.');
      expect(second).to.match(
        /^ERROR\tQuotes\.handler timed out \d+ ms before the Lambda deadline, after \d+ ms/,
      );
      expect(second).to.include(`waiting for GET ${silent.url} since`);
    });
  });

  describe('the batch (R12)', () => {
    const event = {
      Records: ['shipped', 'refused', 'hanging', 'waiting'].map((body) => ({ messageId: body, body })),
    };

    it('returns what failed and what the deadline has cut short, and nothing that was shipped', async () => {
      const received: string[] = [];
      const service = await serve(async (request, response) => {
        let order = '';
        for await (const chunk of request) order += chunk;
        received.push(order);
        if (order === 'hanging') return;
        response.statusCode = order === 'refused' ? 409 : 200;
        response.end('a body');
      });
      try {
        const handler = await bundle('batch', batch, service.url);
        const result = await functionOf(handler, { taskRoot: TASK_ROOT, timeoutMs: 2600 }).invoke(event);
        expect(result.response).to.deep.equal({
          batchItemFailures: ['refused', 'hanging', 'waiting'].map((itemIdentifier) => ({ itemIdentifier })),
        });
        expect(received).to.deep.equal(['shipped', 'refused', 'hanging']);
      } finally {
        await service.close();
      }
    });

    it('returns nothing if all of them were shipped', async () => {
      const service = await serve((_request, response) => response.end('a body'));
      try {
        const handler = await bundle('shipped', batch, service.url);
        const result = await functionOf(handler, { taskRoot: TASK_ROOT, timeoutMs: 2600 }).invoke(event);
        expect(result.response).to.deep.equal({ batchItemFailures: [] });
        expect(printed(result)).to.deep.equal([]);
      } finally {
        await service.close();
      }
    });
  });
});
