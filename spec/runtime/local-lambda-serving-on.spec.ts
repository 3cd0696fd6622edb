import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { RuntimeClient } from '../../samples/local-lambda/runtime-client.js';
import { findRuntimeClient } from '../../samples/local-lambda/runtime-client.js';
import { closeFunctions, functionOf } from './local-lambda.js';
import type { Streaming } from './local-lambda-handlers.js';

const AT_ONCE_MS = 500;

describe('the local Lambda serves on', function () {
  this.timeout(15_000);
  afterEach(closeFunctions);

  for (const client of ['aws-lambda-ric', 'embedded'] as const) {
    describe(`with the client ${client}, after a stream`, () => {
      before(function () {
        if (client === 'aws-lambda-ric' && findRuntimeClient().name !== client) this.skip();
      });

      const cases: readonly (readonly [string, Streaming, object])[] = [
        ['was killed before its first byte', { hangs: true }, { status: 'timed out', body: '' }],
        [
          'was killed while it was open',
          { writes: true, hangs: true },
          { status: 'timed out', body: 'one ' },
        ],
        ['lost its process before its first byte', { exits: true }, { status: 'exited', body: '' }],
        [
          'lost its process while it was open',
          { writes: true, exits: true },
          { status: 'exited', body: 'one ' },
        ],
        ['failed before its first byte', { throws: true }, { status: 'failed', body: '' }],
        ['failed while it was open', { writes: true, throws: true }, { status: 'failed', body: 'one ' }],
        [
          'was killed after its end',
          { writes: true, blocks: true },
          { status: 'succeeded', body: 'one two' },
        ],
      ];
      for (const [what, event, expected] of cases) {
        it(`that ${what}`, async () => {
          const lambda = functionOf('local-lambda-handlers.streaming', { client });
          for (const _ of ['first', 'again']) {
            expect(await lambda.invoke(event)).to.include(expected);
            expect(await lambda.invoke({ writes: true })).to.include({
              status: 'succeeded',
              body: 'one two',
            });
          }
        });
      }

      it('and reports the time at which it was killed, also if the stream had ended', async () => {
        const lambda = functionOf('local-lambda-handlers.streaming', { client });
        const { lines } = await lambda.invoke({ blocks: true });
        const [timeout = '', , report = ''] = lines.slice(-3).map(({ text }) => text);
        expect(timeout).to.match(/ Task timed out after 1\.00 seconds$/);
        expect(report).to.match(/\tDuration: 1\d{3}\.\d\d ms\t.*\tStatus: timeout$/);
      });
    });
  }

  describe('with a client that asks for the next event before it answers', () => {
    const client: RuntimeClient = {
      name: 'embedded',
      path: fileURLToPath(new URL('hasty-client.js', import.meta.url)),
    };

    it('as soon as the answer has come', async () => {
      const lambda = functionOf('none', { client });
      for (const _ of ['first', 'second']) {
        const { status, durationMs } = await lambda.invoke({});
        expect(status).to.equal('succeeded');
        expect(durationMs).to.be.below(AT_ONCE_MS);
      }
      expect(lambda.log.map(({ text }) => text).join('\n')).to.not.include('timed out');
    });

    it('with a new process, where the old one was killed and had asked already', async () => {
      const lambda = functionOf('none', { client, timeoutMs: 300, env: { NEVER_ANSWERS: 'yes' } });
      const ids = new Set<number | undefined>();
      for (const _ of ['first', 'second', 'third']) {
        const { status, processId } = await lambda.invoke({});
        expect(status).to.equal('timed out');
        ids.add(processId);
      }
      expect(ids.size).to.equal(3);
    });
  });
});
