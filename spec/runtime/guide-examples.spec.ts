import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { build } from 'esbuild';
import { blocksOf } from '../docs/markdown.js';
import { read } from '../docs/repository.js';
import { closeFunctions, functionOf, printed } from './local-lambda.js';
import { serve, useSilentServer } from './silent-server.js';

const TASK_ROOT = fileURLToPath(new URL('../../../quick-start', import.meta.url));

/** Leaves each example two seconds or more before its margin begins, which a busy machine may need. */
const TIMEOUT_MS = 4000;

/** The examples in TypeScript of a document. */
const examplesOf = (document: string): readonly string[] =>
  blocksOf(read(document))
    .filter(({ kind }) => kind === '```ts')
    .map(({ text }) => text.replaceAll(/^```.*$/gm, ''));

const [quickStart = '', batch = ''] = examplesOf('README.md');
const [streaming = ''] = examplesOf('docs/platforms.md');
const [webFramework = ''] = examplesOf('docs/web-frameworks.md');
const [, eachRecord = ''] = examplesOf('docs/powertools.md');

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

describe('the examples of the guide, as they are copied,', function () {
  this.timeout(30_000);
  const silent = useSilentServer();
  afterEach(closeFunctions);

  describe('the quick start (R12, R13, R30)', () => {
    const event = { rawQueryString: 'car=estate' };

    it('answers with what the service has answered', async () => {
      const service = await serve((_request, response) => response.end('{"monthly":42}'));
      try {
        const handler = await bundle('answered', quickStart, service.url);
        const result = await functionOf(handler, { taskRoot: TASK_ROOT, timeoutMs: TIMEOUT_MS }).invoke(
          event,
        );
        expect(result.response).to.deep.include({ statusCode: 200, body: '{"monthly":42}' });
        expect(printed(result)).to.deep.equal(['INFO\tRuns at the deadline too, before any hook.']);
      } finally {
        await service.close();
      }
    });

    it('answers 504 if the service does not answer, after its `finally` has run', async () => {
      const handler = await bundle('silent', quickStart, silent.url);
      const result = await functionOf(handler, { taskRoot: TASK_ROOT, timeoutMs: TIMEOUT_MS }).invoke(event);
      const { requestId, response } = result;
      const body = JSON.stringify({ message: 'No quote in time', requestId });
      expect(response).to.deep.include({ statusCode: 504, body });
      expect(result.durationMs).to.be.below(TIMEOUT_MS);
      const [first, second] = printed(result);
      expect(first).to.equal('INFO\tRuns at the deadline too, before any hook.');
      expect(second).to.match(
        /^ERROR\tQuotes\.handler timed out \d+ ms before the Lambda deadline, after \d+ ms/,
      );
      expect(second).to.include(`waiting for GET ${silent.url} since`);
    });
  });

  for (const [place, code] of Object.entries({ 'the README': batch, 'docs/powertools.md': eachRecord })) {
    describe(`the batch of ${place} (R12)`, () => {
      const event = {
        Records: ['shipped', 'refused', 'hanging', 'waiting'].map((body) => ({
          messageId: body,
          body,
          eventSource: 'aws:sqs',
        })),
      };
      const name = place.replaceAll(/\W/g, '-');

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
          const handler = await bundle(name, code, service.url);
          const { response } = await functionOf(handler, {
            taskRoot: TASK_ROOT,
            timeoutMs: TIMEOUT_MS,
          }).invoke(event);
          expect(response).to.deep.equal({
            batchItemFailures: ['refused', 'hanging', 'waiting'].map((itemIdentifier) => ({
              itemIdentifier,
            })),
          });
          expect(received).to.deep.equal(['shipped', 'refused', 'hanging']);
        } finally {
          await service.close();
        }
      });

      it('returns nothing if all of them were shipped', async () => {
        const service = await serve((_request, response) => response.end('a body'));
        try {
          const handler = await bundle(`${name}-shipped`, code, service.url);
          const result = await functionOf(handler, { taskRoot: TASK_ROOT, timeoutMs: TIMEOUT_MS }).invoke(
            event,
          );
          expect(result.response).to.deep.equal({ batchItemFailures: [] });
          expect(printed(result)).to.deep.equal([]);
        } finally {
          await service.close();
        }
      });
    });
  }

  describe('the stream of docs/platforms.md (R22)', () => {
    it('ends with what was sent, and says whether that is complete', async () => {
      const service = await serve(({ url }, response) => void (url === '/hanging' || response.end(url)));
      try {
        const handler = await bundle('stream', streaming, service.url);
        const lambda = functionOf(handler, { taskRoot: TASK_ROOT, timeoutMs: TIMEOUT_MS });
        expect(await lambda.invoke({ ids: ['a', 'b'] })).to.include({ body: '/a\n/b\ncomplete' });
        const cut = await lambda.invoke({ ids: ['a', 'hanging'] });
        expect(cut).to.include({ status: 'succeeded', body: '/a\nnot complete' });
        expect(cut.durationMs).to.be.below(TIMEOUT_MS);
      } finally {
        await service.close();
      }
    });
  });

  describe('the app of docs/web-frameworks.md (R13)', () => {
    const event = {
      version: '2.0',
      rawPath: '/quotes',
      rawQueryString: '',
      headers: { host: 'api.example.com' },
      requestContext: { domainName: 'api.example.com', http: { method: 'GET', path: '/quotes' } },
      isBase64Encoded: false,
    };

    it('answers with what its route has answered', async () => {
      const service = await serve((_request, response) => response.end('42'));
      try {
        const handler = await bundle('app', webFramework, service.url);
        const { response } = await functionOf(handler, { taskRoot: TASK_ROOT, timeoutMs: TIMEOUT_MS }).invoke(
          event,
        );
        expect(response).to.deep.include({ statusCode: 200, body: '{"quote":"42"}' });
      } finally {
        await service.close();
      }
    });

    it('answers 504 if its route hangs, and not the 500 of the framework', async () => {
      const handler = await bundle('silent-app', webFramework, silent.url);
      const { response, requestId } = await functionOf(handler, {
        taskRoot: TASK_ROOT,
        timeoutMs: TIMEOUT_MS,
      }).invoke(event);
      const body = JSON.stringify({ message: 'Timed out', requestId });
      expect(response).to.deep.include({ statusCode: 504, body });
    });
  });
});
