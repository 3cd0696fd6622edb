/** Functions that stream their response, for the specs of streaming. They import the built package, as a user's code does. */
import { EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'aws-lambda';
import { Finally, GracefulTimeout, type LambdaTimeoutError, OnTimeout } from 'lambda-graceful-timeout';

const marginMs = 600;
const LATE_EVERY_MS = 5;
/** A little longer than the time until the deadline. A handler that called `currentDeadline()` for it would have grace. */
const PAST_DEADLINE_MS = 105;

/** What the event asks for. */
export interface Step {
  /** Where it overruns its time. */
  readonly hangs?: 'before the first byte' | 'in the middle' | 'after the end';
  /** Whether it writes through a pipeline. */
  readonly piped?: boolean;
  /** Whether it ends only after an abandoned handler has written something between its first byte and its last. */
  readonly disturbed?: boolean;
}

type Stream = awslambda.HttpResponseStream;

/** Emits an event each time that an abandoned handler has used its stream. */
const meddling = new EventEmitter();

/** Hangs past the deadline. Then does all that can be done to a response, again and again, until the process ends. */
async function hang(stream: Stream): Promise<never> {
  await sleep(PAST_DEADLINE_MS);
  for (;;) {
    stream.write('late ');
    stream.setContentType('text/late');
    stream.end('late end');
    stream.destroy(new Error('late'));
    meddling.emit('done');
    await sleep(LATE_EVERY_MS);
  }
}

/** Pipes a source that never ends after the deadline has passed. */
async function pipe(stream: Stream): Promise<void> {
  const source = async function* () {
    yield 'one ';
    await sleep(PAST_DEADLINE_MS);
    for (;;) yield 'late '.repeat(10_000);
  };
  await pipeline(Readable.from(source()), stream);
}

class Plain {
  @GracefulTimeout(marginMs)
  async handler(event: Step, stream: Stream, _context: Context): Promise<void> {
    this.open(stream, 200);
    if (event.hangs === 'before the first byte') await hang(stream);
    if (event.piped) await pipe(stream);
    stream.write('one ');
    if (event.hangs === 'in the middle') await hang(stream);
    if (event.disturbed) await once(meddling, 'done');
    stream.end('end');
    if (event.hangs === 'after the end') await hang(stream);
  }

  @Finally
  protected close(outcome: PromiseSettledResult<void>): void {
    console.log(`closed: ${outcome.status}`);
  }

  protected open(_stream: Stream, _statusCode: number): void {}
}

class PlainResponding extends Plain {
  @OnTimeout({ respond: true })
  protected respond(_error: LambdaTimeoutError, _event: Step, stream: Stream): void {
    this.open(stream, 504);
    stream.write('timed out');
  }
}

/** Sets the status of the response, which is sent before its first byte. */
const announce = (stream: Stream, statusCode: number): void => {
  awslambda.HttpResponseStream.from(stream, { statusCode });
};

class Http extends Plain {
  protected override open(stream: Stream, statusCode: number): void {
    announce(stream, statusCode);
  }
}

class HttpResponding extends PlainResponding {
  protected override open(stream: Stream, statusCode: number): void {
    announce(stream, statusCode);
  }
}

const serve = (streaming: Plain) => awslambda.streamifyResponse(streaming.handler.bind(streaming));
export const plain = serve(new Plain());
export const plainResponder = serve(new PlainResponding());
export const http = serve(new Http());
export const httpResponder = serve(new HttpResponding());
