/** Functions whose response stream is destroyed or left open at the deadline. They import the built package. */
import { once } from 'node:events';
import { addAbortSignal, PassThrough, Readable, Transform, Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'aws-lambda';
import {
  currentDeadline,
  Finally,
  GracefulTimeout,
  type LambdaTimeoutError,
  OnTimeout,
} from 'lambda-graceful-timeout';

const options = { marginMs: 900, preempt: process.env.PREEMPT === 'true' };
/** The deadline comes 200 ms after the start. A handler that has not asked for it has no grace. */
const PAST_CUT_OFF_MS = 220;

type Stream = awslambda.HttpResponseStream;

/** Has `one ` at once, and never ends. */
const endless = (): Readable => {
  const source = new Readable({ read() {} });
  source.push('one ');
  return source;
};

const block = (): void => {
  const deadline = currentDeadline();
  while (!deadline.expired);
};

/** What a handler does until its deadline, and at it. */
const ways = {
  'pipes with the signal': (stream: Stream) =>
    pipeline(endless(), stream, { signal: currentDeadline().signal }),

  'pipes through a transform with a signal of its own': (stream: Stream) => {
    const signal = AbortSignal.any([currentDeadline().signal, AbortSignal.timeout(60_000)]);
    const through = new Transform({ transform: (chunk, _encoding, done) => done(null, chunk) });
    return pipeline(endless(), through, stream, { signal });
  },

  'pipes a web stream with the signal': (stream: Stream) => {
    const source = new ReadableStream({ start: (controller) => controller.enqueue('one ') });
    return pipeline(source, stream, { signal: currentDeadline().signal });
  },

  'pipes a source that throws the timeout': (stream: Stream) => {
    const deadline = currentDeadline();
    return pipeline(async function* () {
      yield 'one ';
      for (;;) {
        deadline.throwIfExpired();
        await sleep(5);
      }
    }, stream);
  },

  'pipes a source that blocks and then throws the timeout': (stream: Stream) =>
    pipeline(async function* () {
      yield 'one ';
      await sleep(1);
      block();
      currentDeadline().throwIfExpired();
    }, stream),

  'pipes a source that races': (stream: Stream) =>
    pipeline(async function* () {
      yield 'one ';
      yield await currentDeadline().race(new Promise<string>(() => {}));
    }, stream),

  'adds the signal to the stream': async (stream: Stream) => {
    stream.write('one ');
    await finished(addAbortSignal(currentDeadline().signal, stream));
  },

  'destroys the stream in a listener': async (stream: Stream) => {
    currentDeadline().signal.addEventListener('abort', () => stream.destroy());
    await pipeline(endless(), stream);
  },

  'destroys the stream with an error, and waits for its close': async (stream: Stream) => {
    stream.write('one ');
    const { signal } = currentDeadline();
    await once(signal, 'abort');
    stream.destroy(new Error('no longer'));
    await once(stream, 'close').catch(() => {});
    signal.throwIfAborted();
  },

  'destroys the stream through Writable.prototype': async (stream: Stream) => {
    stream.write('one ');
    await once(currentDeadline().signal, 'abort');
    Writable.prototype.destroy.call(stream, new Error('no longer'));
    await finished(stream);
  },
};

const others = {
  async 'pipes without an end'(stream: Stream) {
    const { signal } = currentDeadline();
    await pipeline(endless(), stream, { signal, end: false }).catch(async () => {
      await sleep(5);
      stream.end('last words');
    });
  },

  async 'pipes and has not asked'(stream: Stream) {
    // It rejects when the response ends, which may be during the next event.
    await pipeline(endless(), stream).catch(() => new Promise(() => {}));
  },

  async 'corks the stream'(stream: Stream) {
    stream.cork();
    stream.write('one ');
    await new Promise(() => {});
  },

  async 'ends the stream, and destroys it at its deadline'(stream: Stream) {
    stream.end('one end');
    await once(currentDeadline().signal, 'abort');
    stream.destroy();
  },

  async 'uses all that it has after its cut-off'(stream: Stream) {
    stream.write('one ');
    const taken = { ...stream, end: stream.end.bind(stream), write: stream.write };
    const chained = stream.on('drain', () => {});
    void (async () => {
      await sleep(PAST_CUT_OFF_MS);
      for (let round = 0; round < 100; round++) {
        const tries: (() => unknown)[] = [
          () => Writable.prototype.write.call(stream, 'late', 'utf8'),
          () => Writable.prototype.end.call(stream, 'late', 'utf8'),
          () => Writable.prototype.destroy.call(stream, new Error('late')),
          () => Object.getPrototypeOf(stream).end.call(stream, 'late'),
          () => Object.getPrototypeOf(stream).write.call(stream, 'late'),
          () => stream._write('late', 'utf8', () => {}),
          () => stream._destroy(null, () => {}),
          () => stream.emit('error', new Error('late')),
          () => stream.removeAllListeners(),
          () => taken.write('late'),
          () => taken.end('late'),
          () => chained.end('late'),
          () => chained.destroy(),
          () => stream.setContentType('text/late'),
          () =>
            Object.assign(stream, { _onBeforeFirstWrite: (write: (chunk: string) => void) => write('late') }),
          () => Readable.from(['late']).pipe(stream),
          () => new PassThrough().end('late').pipe(stream),
        ];
        for (const attempt of tries) {
          try {
            attempt();
          } catch {}
        }
        await sleep(2);
      }
    })();
    await new Promise(() => {});
  },
};

/** What the event asks for. If it is empty, the handler only answers. */
export interface Step {
  readonly way?: keyof typeof ways | keyof typeof others;
  /** Whether the handler returns as if nothing had happened. */
  readonly swallows?: boolean;
  readonly hook?: 'writes' | 'pipes' | 'fails to pipe' | 'hides that it failed to pipe';
  readonly statusCode?: number;
}

class Streaming {
  @GracefulTimeout(options)
  async handler({ way, swallows, statusCode }: Step, stream: Stream, _context: Context): Promise<void> {
    if (statusCode) awslambda.HttpResponseStream.from(stream, { statusCode });
    if (!way) {
      await pipeline(['one ', 'end'], stream);
      return;
    }
    try {
      await { ...ways, ...others }[way](stream);
    } catch (error) {
      console.log(`caught ${(error as Error).name}`);
      stream.write('caught');
      if (!swallows) throw error;
    } finally {
      await sleep(5);
      console.log('left');
    }
  }

  @OnTimeout
  protected report({ cause }: LambdaTimeoutError): void {
    console.log(`report: cause ${cause instanceof Error ? cause.message : cause}`);
  }

  @Finally
  protected close(outcome: PromiseSettledResult<void>): void {
    console.log(`closed: ${outcome.status}`);
  }
}

class Responding extends Streaming {
  @OnTimeout({ respond: true })
  protected async respond(_error: LambdaTimeoutError, { hook }: Step, stream: Stream): Promise<void> {
    if (hook === 'writes') stream.write('timed out');
    if (hook === 'pipes') await pipeline(Readable.from(['timed ', 'out']), stream);
    const failing = new Readable({
      read() {
        this.destroy(new Error('no such file'));
      },
    });
    if (hook === 'fails to pipe') await pipeline(failing, stream);
    if (hook === 'hides that it failed to pipe') await pipeline(failing, stream).catch(() => {});
  }
}

const serve = (streaming: Streaming) => awslambda.streamifyResponse(streaming.handler.bind(streaming));
export const plain = serve(new Streaming());
export const responder = serve(new Responding());
