import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { RuntimeClient } from '../../samples/local-lambda/runtime-client.js';
import { describeGrace } from '../runtime/grace-cases.js';
import { describeLeftBehind } from '../runtime/left-behind-cases.js';
import { closeFunctions, type FunctionOf, functionOf, printed } from '../runtime/local-lambda.js';
import { describeStreamAtDeadline } from '../runtime/streaming-deadline-cases.js';

/** The last version that passes a callback, as the runtimes up to nodejs22.x do. It is compiled when it is installed. */
const CLIENT = 'aws-lambda-ric@3.3.0';
const INSTALL_MS = 600_000;

describe(`on ${CLIENT}`, function () {
  this.timeout(15_000);

  let directory: string;
  let client: RuntimeClient;

  before(async function () {
    this.timeout(INSTALL_MS);
    directory = await mkdtemp(join(tmpdir(), 'lambda-graceful-timeout-'));
    const project = { private: true, allowScripts: { 'aws-lambda-ric': true } };
    await writeFile(join(directory, 'package.json'), JSON.stringify(project));
    await promisify(execFile)('npm', ['install', CLIENT], { cwd: directory, timeout: INSTALL_MS });
    client = {
      name: 'aws-lambda-ric',
      path: join(directory, 'node_modules/aws-lambda-ric/bin/index.mjs'),
    };
  });
  after(() => rm(directory, { recursive: true }));

  describe('a callback handler (R20, R21)', () => {
    afterEach(closeFunctions);

    it('receives a callback without this package, unlike on later clients', async () => {
      const older = await functionOf('undecoratedCallback', { client }).invoke({});
      expect(older).to.include({ status: 'succeeded', response: 'done' });
      const later = await functionOf('undecoratedCallback').invoke({});
      expect(later).to.include({ status: 'init failed' });
    });

    for (const name of ['callbackHandler', 'unboundCallbackHandler']) {
      it(`answers and fails through its callback (${name})`, async () => {
        const lambda = functionOf(name, { client });
        expect(await lambda.invoke({})).to.include({ status: 'succeeded', response: 'done' });
        const failed = await lambda.invoke({ work: 'fail' });
        expect(failed.error).to.include({ errorType: 'RangeError', errorMessage: 'handler failed' });
      });

      it(`times out, and a late callback changes nothing for the next event (${name})`, async () => {
        const lambda = functionOf(name, { client });
        const late = await lambda.invoke({ work: 'reject late' });
        expect(late.error?.errorType).to.equal('LambdaTimeoutError');
        const next = await lambda.invoke({ work: 'hang' });
        expect(next.error?.errorType).to.equal('LambdaTimeoutError');
        const last = await lambda.invoke({});
        expect(last).to.include({ response: 'done', processId: late.processId });
        const warnings = lambda.log.filter(({ text }) => text.includes('rejected late'));
        expect(warnings).to.have.length(1);
        expect(warnings[0]?.text).to.include(`in request ${late.requestId}`);
      });
    }
  });

  describe('a handler that returns a promise', () => {
    afterEach(closeFunctions);

    it('times out, and its hooks run', async () => {
      const result = await functionOf('handler', { client }).invoke({ work: 'hang' });
      expect(result.error?.errorType).to.equal('LambdaTimeoutError');
      expect(printed(result)).to.include.members(['INFO\treported', 'INFO\tclosed: rejected']);
    });
  });

  describe('a streaming handler (R22)', () => {
    afterEach(closeFunctions);

    for (const [hangs, body] of [
      ['before the first byte', ''],
      ['in the middle', 'one '],
      ['after the end', 'one end'],
    ] as const) {
      it(`leaves a process that serves the next event after a timeout ${hangs}, although it keeps the event loop busy`, async () => {
        const lambda = functionOf('streaming-handlers.http', { client, timeoutMs: 700 });
        const result = await lambda.invoke({ hangs });
        expect(result.body).to.equal(body);
        const next = await lambda.invoke({ disturbed: true });
        expect(next).to.include({ status: 'succeeded', body: 'one end', processId: result.processId });
      });
    }
  });

  const onOlderClient: FunctionOf = (handler, options) => functionOf(handler, { ...options, client });
  describe('grace', () => describeGrace(onOlderClient));
  describe('a response stream at the deadline (R22)', () => describeStreamAtDeadline(onOlderClient));
  describe('uncaught errors and interrupted code', () => describeLeftBehind(onOlderClient));
});
