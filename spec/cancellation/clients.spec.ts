import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { Logger } from '@aws-lambda-powertools/logger';
import { expect } from 'chai';
import sinon from 'sinon';
import { currentDeadline, GracefulTimeout, type LambdaTimeoutError } from '../../lib/index.js';
import { FakeContext } from '../support/context.js';
import { expectRejection } from '../support/expect-rejection.js';
import { forever } from '../support/fake-time.js';
import { gate } from '../support/gate.js';
import { type Call, CLIENTS, SECRET } from './clients.js';
import { HangingServer, half } from './hanging-server.js';

const MARGIN_MS = 5000;
const DEADLINE_MS = 60_000;

/** Gives a client the time to read the head of an answer, and to end after the deadline. Nothing depends on it. */
const SETTLE_MS = 40;

/** A handler that makes a call, and what it does when the call rejects at the deadline. */
type Way = (calling: PromiseLike<unknown>, timedOut: Promise<void>) => unknown;

const WAYS: Readonly<Record<string, Way>> = {
  'in its grace': (calling) => calling,
  'late, since it is abandoned': async (calling, timedOut) => {
    try {
      await calling;
    } finally {
      await timedOut;
    }
  },
  'and leaves it unhandled': (calling) => {
    void calling.then();
    return currentDeadline().race(forever());
  },
};

interface Outcome {
  readonly error: LambdaTimeoutError;
  /** All lines, as each logger writes them. */
  readonly written: string;
  readonly messages: readonly string[];
}

/** Runs a call in a handler, until its deadline comes. The timers of its deadline and of its cut-off are
 * virtual, and all other time is real. */
async function timeOut(call: Call, server: HangingServer, way: Way): Promise<Outcome> {
  let written = '';
  const messages: string[] = [];
  const outputs = [process.stdout, process.stderr].map((stream) => sinon.stub(stream, 'write'));
  const [powertools, timedOut] = [new Logger(), gate()];
  const write = (level: 'error' | 'warn') => (message: string, detail: Error) => {
    messages.push(`${level}: ${message}`);
    written += inspect(detail, { depth: Number.POSITIVE_INFINITY, showHidden: true });
    console[level](message, detail);
    powertools[level](message, detail);
  };
  class Orders {
    @GracefulTimeout({ marginMs: MARGIN_MS, logger: { error: write('error'), warn: write('warn') } })
    async handler(_event: unknown, _context: unknown): Promise<void> {
      await null; // from here on timers are real again
      await way(call(server.url, currentDeadline().signal), timedOut.opened);
    }
  }
  const toFake: ('setTimeout' | 'clearTimeout')[] = ['setTimeout', 'clearTimeout'];
  const untilDeadline = sinon.useFakeTimers({ toFake });
  try {
    const caller = expectRejection(new Orders().handler({}, new FakeContext(DEADLINE_MS + MARGIN_MS)));
    untilDeadline.restore();
    await server.hanging;
    await sleep(SETTLE_MS);
    const untilCutOff = sinon.useFakeTimers({ toFake });
    untilDeadline.tick(DEADLINE_MS);
    untilCutOff.restore();
    await sleep(SETTLE_MS);
    untilCutOff.tick(DEADLINE_MS + MARGIN_MS);
    const error = (await caller) as LambdaTimeoutError;
    timedOut.open();
    await sleep(SETTLE_MS);
    return { error, messages, written };
  } finally {
    for (const output of outputs) {
      written += output.args.flat().join('');
      output.restore();
    }
    server.drop();
    await server.stop();
  }
}

describe('A client that heeds the signal (R16)', function () {
  this.timeout(10_000);

  for (const [client, call] of Object.entries(CLIENTS)) {
    for (const [where, answer] of [
      ['before the head', undefined],
      ['in the body', half],
    ] as const) {
      for (const [how, way] of Object.entries(WAYS)) {
        it(`${client}, hanging ${where}, rejects ${how}: no cause, no further line, no secret`, async () => {
          const { error, messages, written } = await timeOut(call, await HangingServer.start(answer), way);
          expect(error).to.have.property('name', 'LambdaTimeoutError');
          expect(error).not.to.have.property('cause');
          expect(messages).to.deep.equal([`error: ${error.message}`]);
          expect(written).not.to.include(SECRET);
        });
      }
    }
  }
});
