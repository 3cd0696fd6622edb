/** The functions that the runtime specs run. They import the built package, as a user's code does. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Callback, Context } from 'aws-lambda';
import {
  currentDeadline,
  Finally,
  GracefulTimeout,
  type LambdaTimeoutError,
  OnTimeout,
} from 'lambda-graceful-timeout';

const marginMs = 600;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What the event asks for. */
interface Step {
  readonly work?: 'hang' | 'fail' | 'reject late' | 'cancel' | 'leave one' | 'throw a string';
  readonly report?: 'hang' | 'fail' | 'reject late';
  readonly close?: 'hang' | 'fail' | 'throw a string';
}

const inTime = async ({ work }: Step): Promise<string> => {
  if (work === 'fail') throw new RangeError('handler failed');
  if (work === 'throw a string') throw 'handler failed';
  if (work === 'hang') await wait(60_000);
  if (work === 'reject late') {
    await wait(marginMs);
    throw new Error('too late');
  }
  if (work === 'cancel') {
    const { signal } = currentDeadline();
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  }
  if (work === 'leave one') {
    const { signal } = currentDeadline();
    const [first, second] = [sleep(60_000, 1, { signal }), sleep(60_000, 2, { signal })];
    await first;
    await second; // nobody waits for it yet when the signal aborts both
  }
  return 'done';
};

class Steps {
  @GracefulTimeout(marginMs)
  async handler(event: Step, _context: Context): Promise<string> {
    return inTime(event);
  }

  @OnTimeout
  protected async report(error: LambdaTimeoutError, event: Step, context: Context): Promise<void> {
    console.log(
      `report: ${error.handler}, ${context.awsRequestId === error.requestId ? 'its request' : 'another'}`,
    );
    await wait(1);
    if (event.report === 'fail') throw new Error('report failed');
    if (event.report === 'hang') await wait(60_000);
    if (event.report === 'reject late') {
      await wait(marginMs);
      throw new Error('report too late');
    }
    console.log('reported');
  }

  @Finally
  protected async close(outcome: PromiseSettledResult<string>, event: Step): Promise<void> {
    await wait(1);
    if (event.close === 'fail') throw new Error('close failed');
    if (event.close === 'throw a string') throw 'close failed';
    if (event.close === 'hang') await wait(60_000);
    console.log(`closed: ${outcome.status}`);
  }
}
const steps = new Steps();
export const handler = steps.handler.bind(steps);

/** Shows what happens at the hard deadline without this package. */
export const undecorated = async (event: Step): Promise<string> => {
  try {
    return await inTime(event);
  } finally {
    console.log('closed');
  }
};

/** A handler that runtimes without callbacks refuse. */
export const undecoratedCallback = (event: Step, _context: Context, callback: Callback<string>): void => {
  void inTime(event).then((value) => callback(null, value));
};

class Responding extends Steps {
  @OnTimeout({ respond: true })
  protected respond(error: LambdaTimeoutError): object {
    return { timedOutAfterMs: error.elapsedMs };
  }
}
const responding = new Responding();
export const responder = responding.handler.bind(responding);

class WithCallback {
  @GracefulTimeout(marginMs)
  handler(event: Step, _context: Context, callback: Callback<string>): void {
    inTime(event).then(
      (value) => callback(null, value),
      (error) => callback(error),
    );
  }
}
const withCallback = new WithCallback();
export const callbackHandler = withCallback.handler.bind(withCallback);
/** Not bound, so that the runtime client sees the length of the wrapper itself. */
export const { handler: unboundCallbackHandler } = withCallback;
