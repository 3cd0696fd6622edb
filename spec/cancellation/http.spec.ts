import { Readable } from 'node:stream';
import { expect } from 'chai';
import { Agent, type Dispatcher, Pool, request } from 'undici';
import { LambdaTimeoutError } from '../../lib/index.js';
import { gate } from '../support/gate.js';
import { cutOff } from './cut-off.js';
import { HangingServer, half } from './hanging-server.js';
import { leavingNothingOpen } from './left-open.js';

/** Closes a client after its use, because undici replaces a connection that it has closed with a new one. */
async function using<Client extends Dispatcher, Result>(
  client: Client,
  use: (client: Client) => Promise<Result>,
): Promise<Result> {
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

describe('An HTTP client that is given the signal (R24)', function () {
  this.timeout(10_000);
  leavingNothingOpen();

  /** Downloads a text, and calls back as soon as the answer has begun. */
  type Download = (url: string, signal: AbortSignal, onAnswer: () => void) => Promise<string>;

  const downloads: Record<string, Download> = {
    async fetch(url, signal, onAnswer) {
      const response = await fetch(url, { signal });
      onAnswer();
      return response.text();
    },
    'request of undici': (url, signal, onAnswer) =>
      using(new Agent(), async (dispatcher) => {
        const { body } = await request(url, { signal, dispatcher });
        onAnswer();
        return body.text();
      }),
    'a Pool of undici': (url, signal, onAnswer) =>
      using(new Pool(url), async (pool) => {
        const { body } = await pool.request({ method: 'GET', path: '/', signal });
        onAnswer();
        return body.text();
      }),
  };
  for (const [client, download] of Object.entries(downloads)) {
    describe(client, () => {
      it('closes a connection on which no answer comes, and rejects with the LambdaTimeoutError itself', async () => {
        const server = await HangingServer.start();
        const { error, rejection, warnings } = await cutOff(
          (signal) => download(server.url, signal, () => {}),
          server.hanging,
        );
        expect(error).to.be.instanceOf(LambdaTimeoutError);
        expect(rejection).to.equal(error);
        expect(await server.stop()).to.deep.equal(['GET /: given up']);
        expect(warnings).to.deep.equal([]);
      });

      it('does the same in the middle of an answer', async () => {
        const server = await HangingServer.start(half);
        const answer = gate();
        const { error, rejection, warnings } = await cutOff(
          (signal) => download(server.url, signal, answer.open),
          answer.opened,
        );
        expect(error).to.be.instanceOf(LambdaTimeoutError);
        expect(rejection).to.equal(error);
        expect(await server.stop()).to.deep.equal(['GET /: given up']);
        expect(warnings).to.deep.equal([]);
      });
    });
  }

  type Post = (url: string, body: Readable, signal: AbortSignal) => Promise<unknown>;
  const posts: [client: string, destroysSource: boolean, post: Post][] = [
    ['fetch', false, (url, body, signal) => fetch(url, { method: 'POST', body, duplex: 'half', signal })],
    [
      'request of undici',
      true,
      (url, body, signal) =>
        using(new Agent(), (dispatcher) => request(url, { method: 'POST', body, signal, dispatcher })),
    ],
  ];
  for (const [client, destroysSource, post] of posts) {
    const does = destroysSource ? 'destroys' : 'does not destroy';
    it(`${client}, in the middle of sending a stream, closes its connection and ${does} the stream`, async () => {
      const server = await HangingServer.start();
      const source = new Readable({ read() {} }).on('error', () => {});
      source.push('the first part, and no other');
      const { error, rejection } = await cutOff((signal) => post(server.url, source, signal), server.hanging);
      expect(rejection).to.equal(error);
      expect(await server.stop()).to.deep.equal(['POST /: given up']);
      expect(source.destroyed).to.equal(destroysSource);
    });
  }
});
