/** Functions that block the event loop, for the specs of `preempt`. They import the built package, as a user's code does. */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { threadId } from 'node:worker_threads';
import type { Context } from 'aws-lambda';
import {
  currentDeadline,
  Finally,
  GracefulTimeout,
  type LambdaTimeoutError,
  OnTimeout,
} from 'lambda-graceful-timeout';

const marginMs = Number(process.env.MARGIN_MS ?? 600);
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const BACKTRACKING = /^(\w+[.-]?)+@(\w+)$/;
const cell = new Int32Array(new SharedArrayBuffer(4));

/** The ways to block; the specs look for these lines in `blockedAt`. */
const blocks = {
  spin() {
    for (;;) {} // spin
  },
  match() {
    BACKTRACKING.test('warm'); // the first match of an expression is interpreted, later ones are compiled
    BACKTRACKING.test('up');
    BACKTRACKING.test('bartholomew.featherstonehaugh.cholmondeley@example-corp'); // match
  },
  sleep() {
    Atomics.wait(cell, 0, cell[0] ?? 0); // sleep
  },
};

type Block = keyof typeof blocks;

/** What the event asks for. */
interface Step {
  readonly work?: Block | 'fail' | 'hang';
  /** How long the handler waits before its work. Without it, the handler blocks at its start. */
  readonly afterMs?: number;
  readonly report?: Block;
  readonly reportAfterMs?: number;
  readonly close?: Block;
}

async function work({ work, afterMs }: Step): Promise<string> {
  if (afterMs !== undefined) await wait(afterMs);
  if (work === 'hang') await new Promise(() => {});
  else if (work === 'fail') throw new RangeError('handler failed');
  else if (work) blocks[work]();
  return 'done';
}

// A crash reporter listens to this event. It must receive nothing.
process.on('uncaughtExceptionMonitor', (error) => console.log(`crash: ${error}`));

class Steps {
  @GracefulTimeout({ marginMs, preempt: true })
  async handler(event: Step, _context: Context): Promise<string> {
    try {
      return await work(event);
    } finally {
      // Runs for a handler that ends, but not for one that is interrupted (R29).
      console.log('left');
    }
  }

  @OnTimeout
  protected async report(error: LambdaTimeoutError, event: Step, context: Context): Promise<void> {
    const whose = context.awsRequestId === error.requestId ? 'its request' : 'another';
    console.log(`report: preempted ${error.preempted}, ${whose}`);
    if (event.report) {
      if (event.reportAfterMs !== undefined) await wait(event.reportAfterMs);
      blocks[event.report]();
    }
    await wait(5);
    console.log('reported');
  }

  @OnTimeout
  protected async reportAgain(): Promise<void> {
    await wait(5);
    console.log('reported again');
  }

  @Finally
  protected async close(outcome: PromiseSettledResult<string>, event: Step): Promise<void> {
    await wait(1);
    if (event.close) blocks[event.close]();
    console.log(`closed: ${outcome.status}`);
  }
}
const steps = new Steps();
export const handler = steps.handler.bind(steps);

class FallingBack extends Steps {
  // One call rejects at the deadline. The other one has a fallback, which computes after the handler has timed out.
  @GracefulTimeout({ marginMs, preempt: true })
  override async handler(event: Step, context: Context): Promise<string> {
    if (!event.work) return super.handler(event, context);
    const { signal } = currentDeadline();
    const ask = async (): Promise<void> => {
      await once(signal, 'abort');
      throw signal.reason;
    };
    const estimate = async (): Promise<void> => {
      for (let awaits = 0; awaits < 4; awaits++) await undefined;
      blocks.spin();
    };
    await Promise.all([ask(), ask().catch(estimate)]);
    return 'done';
  }
}
const fallingBack = new FallingBack();
export const fallback = fallingBack.handler.bind(fallingBack);

class Responding extends Steps {
  @OnTimeout({ respond: true })
  protected async respond({ preempted, blockedAt, requestId }: LambdaTimeoutError): Promise<object> {
    await wait(5);
    return { statusCode: 504, body: JSON.stringify({ preempted, blockedAt, requestId }) };
  }
}
const responding = new Responding();
export const responder = responding.handler.bind(responding);

class Streaming {
  @GracefulTimeout({ marginMs, preempt: true })
  async handler(event: Step, stream: Writable, _context: Context): Promise<void> {
    stream.write('one ');
    await work(event);
    stream.end('end');
  }

  @Finally
  protected close(outcome: PromiseSettledResult<void>): void {
    console.log(`closed: ${outcome.status}`);
  }
}
const streaming = new Streaming();

class StreamingResponding extends Streaming {
  @OnTimeout({ respond: true })
  protected async respond(_error: LambdaTimeoutError, _event: Step, stream: Writable): Promise<void> {
    await wait(5);
    stream.write('timed out');
  }
}
const streamingResponding = new StreamingResponding();

// This global exists only in the runtime client.
const streamify = globalThis.awslambda?.streamifyResponse ?? ((streamed: unknown) => streamed);
export const stream = streamify(streaming.handler.bind(streaming));
export const streamResponder = streamify(streamingResponding.handler.bind(streamingResponding));

class Overlapping {
  @GracefulTimeout({ marginMs, preempt: true })
  async handler(event: Step & { id: number }, _context: Context): Promise<object> {
    await work(event);
    return { id: event.id, threadId };
  }

  @OnTimeout({ respond: true })
  protected async respond(
    error: LambdaTimeoutError,
    event: { id: number },
    context: Context,
  ): Promise<object> {
    await wait(5);
    const isItsRequest = error.requestId === context.awsRequestId;
    return { id: event.id, threadId, timedOut: true, preempted: error.preempted, isItsRequest };
  }
}
const overlapping = new Overlapping();
export const overlap = overlapping.handler.bind(overlapping);
