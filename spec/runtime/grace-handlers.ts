/**
 * Functions that are still at work at their deadline, for the specs of grace. They import the built package, as a user's
 * code does.
 */
import { EventEmitter, once } from 'node:events';
import type { Callback, Context } from 'aws-lambda';
import {
  currentDeadline,
  Finally,
  GracefulTimeout,
  LambdaTimeoutError,
  OnTimeout,
} from 'lambda-graceful-timeout';

// From the environment, so that a process without `preempt` has no watchdog, and a small function has time for one.
const options = {
  marginMs: Number(process.env.MARGIN_MS ?? 950),
  reserveMs: 200,
  preempt: process.env.PREEMPT === 'true',
};

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const forever = (): Promise<never> => new Promise(() => {});

const LEAVING_MS = 30;
const LATE_MS = 50;

/** What an asynchronous `finally` does. */
async function leave(): Promise<void> {
  await wait(LEAVING_MS);
  console.log('left');
}

/** What a handler can do at its deadline. */
const ways = {
  /** Ends with the reason of its signal. */
  async 'listens to its signal'() {
    const { signal } = currentDeadline();
    try {
      return await new Promise<never>((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason)),
      );
    } finally {
      await leave();
    }
  },

  /** Answers with what it has done so far. */
  async 'answers in time'() {
    try {
      await currentDeadline().race(forever());
    } catch (error) {
      if (!(error instanceof LambdaTimeoutError)) throw error;
    } finally {
      await leave();
    }
    return 'what is done';
  },

  /** Fails while it cleans up. */
  async 'fails on its way out'() {
    try {
      return await currentDeadline().race(forever());
    } catch {
      await leave();
      throw new RangeError('failed on its way out');
    }
  },

  /** Finishes its work a little later than its deadline. */
  async 'comes late'() {
    try {
      await wait(currentDeadline().remainingMs() + LATE_MS);
      return 'all is done';
    } finally {
      await leave();
    }
  },

  /** Has called `currentDeadline()`, but does not stop. */
  async 'hangs on'() {
    currentDeadline().remainingMs();
    return forever();
  },

  async 'has not asked'() {
    return forever();
  },

  /** Blocks the event loop from the deadline on. */
  async 'blocks in its grace'() {
    await once(currentDeadline().signal, 'abort');
    for (;;);
  },

  /** Has called `currentDeadline()`, and blocks the event loop when its deadline comes. */
  async 'blocks at its deadline'() {
    await wait(currentDeadline().remainingMs() - LATE_MS);
    for (;;);
  },
};

export type Way = keyof typeof ways;

/** What the event asks for. If it is empty, the handler only answers. */
export interface Step {
  readonly way?: Way;
}

const ANSWERING_MS = 10;

async function work({ way }: Step): Promise<string> {
  if (way) return ways[way]();
  await wait(ANSWERING_MS);
  return 'done';
}

const tellTimeout = ({ preempted, cause }: LambdaTimeoutError): string =>
  `preempted ${preempted}, cause ${cause instanceof Error ? cause.message : cause}`;

class Reporting {
  @OnTimeout
  protected async report(error: LambdaTimeoutError, ..._args: unknown[]): Promise<void> {
    console.log(`report: ${tellTimeout(error)}`);
    await wait(5);
  }
}

class Closing extends Reporting {
  @Finally
  protected async close(outcome: PromiseSettledResult<unknown>): Promise<void> {
    await wait(5);
    console.log(`closed: ${outcome.status}`);
  }
}

class Returning extends Closing {
  @GracefulTimeout(options)
  async handler(event: Step, _context: Context): Promise<string> {
    return work(event);
  }
}
const returning = new Returning();
export const promise = returning.handler.bind(returning);

class ReturningThenable extends Closing {
  @GracefulTimeout(options)
  handler(event: Step, _context: Context): PromiseLike<string> {
    const worked = work(event);
    // biome-ignore lint/suspicious/noThenProperty: this is what a thenable is
    return { then: (fulfilled, rejected) => worked.then(fulfilled, rejected) };
  }
}
const returningThenable = new ReturningThenable();
export const thenable = returningThenable.handler.bind(returningThenable);

class CallingBack extends Closing {
  @GracefulTimeout(options)
  handler(event: Step, _context: Context, callback: Callback<string>): void {
    work(event).then(
      (answer) => callback(null, answer),
      (error) => callback(error),
    );
  }
}
const callingBack = new CallingBack();
export const callback = callingBack.handler.bind(callingBack);

class Hookless {
  @GracefulTimeout(options)
  async handler(event: Step, _context: Context): Promise<string> {
    return work(event);
  }
}
const hookless = new Hookless();
export const withoutHooks = hookless.handler.bind(hookless);

class WithOneHook extends Reporting {
  @GracefulTimeout(options)
  async handler(event: Step, _context: Context): Promise<string> {
    return work(event);
  }
}
const withOne = new WithOneHook();
export const withOneHook = withOne.handler.bind(withOne);

class WithSeveralHooks extends Returning {
  @OnTimeout
  protected async reportFirst(): Promise<void> {
    await wait(5);
    console.log('reported first');
  }

  @Finally
  protected closeFirst(outcome: PromiseSettledResult<unknown>): void {
    console.log(`closed first: ${outcome.status}`);
  }
}
const withSeveral = new WithSeveralHooks();
export const withSeveralHooks = withSeveral.handler.bind(withSeveral);

class Inheriting extends Returning {
  @GracefulTimeout(options)
  override async handler(event: Step, context: Context): Promise<string> {
    try {
      return await super.handler(event, context);
    } finally {
      await wait(5);
      console.log('left the subclass');
    }
  }
}
const inheriting = new Inheriting();
export const callingSuper = inheriting.handler.bind(inheriting);

type Stream = awslambda.HttpResponseStream;

/** Emits an event when an invocation has timed out. The name of the event is the request id. */
const timeouts = new EventEmitter();

/** Writes as soon as the handler has timed out, through every reference to the stream that it has taken in time. */
async function writeLate(stream: Stream, requestId: string): Promise<void> {
  const write = stream.write.bind(stream);
  const returned = stream.on('drain', () => {});
  await once(timeouts, requestId);
  stream.write('late ');
  write('late ');
  returned.write('late ');
  stream.end('late end');
  stream.destroy(new Error('late'));
}

class Streaming {
  @GracefulTimeout(options)
  async handler(event: Step, stream: Stream, context: Context): Promise<void> {
    stream.write('one ');
    void writeLate(stream, context.awsRequestId);
    try {
      stream.end(await work(event));
    } catch (error) {
      stream.write('closing ');
      throw error;
    }
  }

  @OnTimeout
  protected async report(
    error: LambdaTimeoutError,
    _event: Step,
    _stream: Stream,
    context: Context,
  ): Promise<void> {
    console.log(`report: ${tellTimeout(error)}`);
    timeouts.emit(context.awsRequestId);
    await wait(20);
  }

  @Finally
  protected close(outcome: PromiseSettledResult<void>): void {
    console.log(`closed: ${outcome.status}`);
  }
}
const streaming = new Streaming();

// This global exists only in the runtime client.
const streamify = globalThis.awslambda?.streamifyResponse ?? ((streamed: unknown) => streamed);
export const stream = streamify(streaming.handler.bind(streaming));

/** One of many events that are served at the same time. */
export interface Overlap extends Step {
  readonly id: number;
}

/** What one of many overlapping invocations answers. */
export interface Answer {
  readonly id: number;
  readonly answer?: string;
  /** What a hook has answered with instead. */
  readonly timedOut?: string;
}

class Overlapping {
  @GracefulTimeout(options)
  async handler({ id, ...step }: Overlap, _context: Context): Promise<Answer> {
    return { id, answer: await work(step) };
  }

  @OnTimeout({ respond: true })
  protected async respond(error: LambdaTimeoutError, { id }: Overlap, context: Context): Promise<Answer> {
    console.log('hook');
    await wait(5);
    const whose = error.requestId === context.awsRequestId ? 'its request' : 'another';
    return { id, timedOut: `${whose}, ${tellTimeout(error)}` };
  }

  @Finally
  protected close(): void {
    console.log('hook');
  }
}
const overlapping = new Overlapping();
export const overlap = overlapping.handler.bind(overlapping);
