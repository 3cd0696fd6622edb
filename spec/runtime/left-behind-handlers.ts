/**
 * Functions that leave errors uncaught, for the specs of such errors. They import the built package, as a user's code
 * does.
 */
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'aws-lambda';
import { execa } from 'execa';
import execa5 from 'execa5';
import {
  currentDeadline,
  Finally,
  GracefulTimeout,
  type LambdaTimeoutError,
  OnTimeout,
} from 'lambda-graceful-timeout';

// From the environment, so that a process without `preempt` has no watchdog.
const { PREEMPT, MARGIN_MS = '700' } = process.env;
const options = { marginMs: Number(MARGIN_MS), reserveMs: 200, preempt: PREEMPT === 'true' };

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const forever = (): Promise<never> => new Promise(() => {});
const block = (): never => {
  for (;;);
};

/** Gives a thrown error the time to show its effect. */
const EFFECT_MS = 30;

const fail = (source: string): never => {
  throw new RangeError(`left behind by ${source}`);
};

/** Opens a connection, and returns a function that makes data arrive on it. */
async function openConnection(onData: () => void): Promise<() => void> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('data', onData);
  const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
  return () => accepted.write('data');
}

/** Has one child process that ends before the deadline, and one that ends later. */
function besideChildren(source: string, run: (code: string) => Promise<unknown>): () => void {
  for (const code of ['', 'setTimeout(() => {}, 100)']) run(code).catch(() => {});
  return () => void Promise.reject(new RangeError(`left behind by ${source}`));
}

/** The places of an uncaught error. Each one prepares it in time, and returns a function that makes it happen. */
const sources = {
  timer: () => () => setTimeout(fail, 1, 'timer'),
  immediate: () => () => setImmediate(fail, 'immediate'),
  tick: () => () => process.nextTick(fail, 'tick'),
  microtask: () => () => queueMicrotask(() => fail('microtask')),
  socket: () => openConnection(() => fail('socket')),
  emitter() {
    const emitter = new EventEmitter();
    const emit = () => emitter.emit('error', new RangeError('left behind by emitter'));
    return () => setTimeout(emit, 1);
  },
  rejection: () => () => void Promise.reject(new RangeError('left behind by rejection')),
  execa: () => besideChildren('execa', (code) => execa(process.execPath, ['-e', code])),
  execa5: () => besideChildren('execa5', (code) => execa5(process.execPath, ['-e', code])),
};

export type Source = keyof typeof sources;

/** Emits an event when it is time for a prepared error to happen. */
const moments = new EventEmitter();

/** What a handler does. */
const works = {
  async 'fails in its grace'({ source = 'timer' }: Step) {
    const happen = await sources[source]();
    await once(currentDeadline().signal, 'abort');
    happen();
    await wait(EFFECT_MS);
    return 'answered in its grace';
  },

  async 'fails during its hooks'({ source = 'timer' }: Step, { awsRequestId }: Context) {
    const happen = await sources[source]();
    await once(moments, `hooks of ${awsRequestId}`);
    happen();
    return forever();
  },

  async 'fails in the next invocation'({ source = 'timer' }: Step) {
    const happen = await sources[source]();
    await once(moments, 'next invocation');
    happen();
    return forever();
  },

  async 'makes two calls on one signal'() {
    const { signal } = currentDeadline();
    const [first, second] = [sleep(60_000, 'first', { signal }), sleep(60_000, 'second', { signal })];
    await first;
    return second; // nobody waits for it yet when the signal aborts both
  },

  async 'has an abort listener that throws'() {
    const { signal } = currentDeadline();
    signal.addEventListener('abort', () => fail('listener'));
    await once(signal, 'abort');
    await wait(EFFECT_MS);
    return 'answered in its grace';
  },

  async 'has an abort listener that rejects'() {
    const { signal } = currentDeadline();
    signal.addEventListener('abort', async () => {
      await wait(1);
      fail('listener');
    });
    await once(signal, 'abort');
    await wait(EFFECT_MS);
    return 'answered in its grace';
  },

  async 'blocks when promises have rejected'() {
    void ['record 1', 'record 2', 'record 3'].map(async (record) => fail(record));
    return block();
  },

  /** Fails as it would without this package. */
  async 'fails in time'({ source = 'timer' }: Step) {
    const happen = await sources[source]();
    happen();
    await wait(EFFECT_MS);
    return 'done';
  },

  async 'is the next one'() {
    moments.emit('next invocation');
    await wait(EFFECT_MS);
    return 'done';
  },
};

export type Work = keyof typeof works;

/** What the event asks for. */
export interface Step {
  readonly work: Work;
  readonly source?: Source;
}

// A crash reporter listens to this event.
process.on('uncaughtExceptionMonitor', () => console.log('crash'));

class Leaving {
  @GracefulTimeout(options)
  async handler(event: Step, context: Context): Promise<string> {
    return works[event.work](event, context);
  }

  @OnTimeout
  protected async report(_error: LambdaTimeoutError, _event: Step, { awsRequestId }: Context): Promise<void> {
    moments.emit(`hooks of ${awsRequestId}`);
    await wait(EFFECT_MS);
    console.log('reported');
  }

  @Finally
  protected async close(outcome: PromiseSettledResult<string>): Promise<void> {
    await wait(1);
    console.log(`closed: ${outcome.status}`);
  }
}
const leaving = new Leaving();
export const handler = leaving.handler.bind(leaving);

/** The callbacks that can run right after an interrupted one. */
const callbacks = {
  timer: (callback: () => void) => void setTimeout(callback, 1),
  immediate: (callback: () => void) => void setImmediate(callback),
  tick: (callback: () => void) => process.nextTick(callback),
};

/** Code that is interrupted and then tries to succeed. */
export interface Attempt {
  readonly who: 'handler' | 'asking handler' | 'report' | 'close' | undefined;
  readonly by: keyof typeof callbacks;
}

const BLOCK_AFTER_MS = 50;

/** Blocks the event loop in one callback. Another callback is due then, and fulfils the promise. */
const attempt = ({ by }: Attempt): Promise<string> =>
  new Promise((resolve) => {
    setTimeout(() => {
      callbacks[by](() => resolve('attempted'));
      block();
    }, BLOCK_AFTER_MS);
  });

class Attempting {
  @GracefulTimeout(options)
  async handler(event: Attempt, _context: Context): Promise<string> {
    if (event.who === 'asking handler') currentDeadline().remainingMs();
    if (event.who === 'report') return forever();
    return event.who?.includes('handler') ? attempt(event) : 'done';
  }

  @OnTimeout
  protected async report(_error: LambdaTimeoutError, event: Attempt): Promise<void> {
    if (event.who === 'report') await attempt(event);
    else console.log('reported');
  }

  @Finally
  protected async close(outcome: PromiseSettledResult<string>, event: Attempt): Promise<void> {
    if (event.who === 'close') await attempt(event);
    else console.log(`closed: ${outcome.status}`);
  }
}
const attempting = new Attempting();
export const interrupted = attempting.handler.bind(attempting);

class Responding {
  @GracefulTimeout(options)
  async handler({ who }: Attempt, _context: Context): Promise<string> {
    return who ? forever() : 'done';
  }

  @OnTimeout({ respond: true })
  protected report(_error: LambdaTimeoutError, event: Attempt): Promise<string> {
    return attempt(event);
  }
}
const responding = new Responding();
export const interruptedResponder = responding.handler.bind(responding);
