/**
 * Compiled in both dialects, never run (R4). All code here must compile, except the lines after `@ts-expect-error`: the
 * build fails if such a line compiles.
 */
import type { LambdaInterface } from '@aws-lambda-powertools/commons/types';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Callback, Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import {
  currentDeadline,
  type Deadline,
  Finally,
  GracefulTimeout,
  type GracefulTimeoutOptions,
  type LambdaTimeoutError,
  OnTimeout,
  type OnTimeoutOptions,
  type PendingOperation,
} from '../../lib/index.js';

const symbol = Symbol('hook');

export class Orders implements LambdaInterface {
  @GracefulTimeout(3000)
  public async handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
    const deadline: Deadline = currentDeadline();
    const { signal, expired }: { signal: AbortSignal; expired: boolean } = deadline;
    const remainingMs: number = deadline.remainingMs();
    deadline.throwIfExpired();
    void [event, context, signal, expired, remainingMs];
    return { batchItemFailures: [] };
  }

  @OnTimeout
  protected async all(error: LambdaTimeoutError, event: SQSEvent, context: Context): Promise<void> {
    const json: [string, string | undefined, number, number, number, number, boolean, string | undefined] = [
      error.handler,
      error.requestId,
      error.marginMs,
      error.elapsedMs,
      error.remainingMs,
      error.lateByMs,
      error.preempted,
      error.blockedAt,
    ];
    const resources: Record<string, number> = error.activeResources;
    const pending: readonly PendingOperation[] = error.pending;
    const texts: (string | undefined)[] = pending.flatMap(({ operation, startedAt }) => [
      operation,
      startedAt,
    ]);
    const times: number[] = pending.map(({ sinceMs }) => sinceMs);
    void [json, resources, texts, times, event, context];
  }

  @OnTimeout({ respond: true })
  public respond(_error: Error): SQSBatchResponse {
    return { batchItemFailures: [] };
  }

  @OnTimeout()
  protected none(): void {}

  @OnTimeout
  protected loose(_error: unknown, ..._args: unknown[]): void {}

  @OnTimeout
  protected static ofClass(_error: LambdaTimeoutError): void {}

  @Finally
  protected async close(
    outcome: PromiseSettledResult<SQSBatchResponse>,
    _event: SQSEvent,
    _context: Context,
  ): Promise<void> {
    if (outcome.status === 'fulfilled') void outcome.value.batchItemFailures;
  }

  @Finally()
  [symbol](_outcome: PromiseSettledResult<unknown>): void {}
}

// A decorated handler keeps its own type.
export const handler: (event: SQSEvent, context: Context) => Promise<SQSBatchResponse> = new Orders().handler;
// @ts-expect-error: it still takes an SQSEvent
new Orders().handler('event', {} as Context);
// @ts-expect-error: it still returns an SQSBatchResponse
export const wrong: (event: SQSEvent, context: Context) => Promise<string> = new Orders().handler;

export class Forms {
  @GracefulTimeout({ marginMs: 3000, reserveMs: 100, logger: new Logger() })
  callback(_event: unknown, _context: Context, callback: Callback<string>): void {
    callback(null, 'done');
  }

  @GracefulTimeout({ marginMs: 3000, logger: console })
  streaming(_event: unknown, _stream: NodeJS.WritableStream, _context: Context): Promise<void> {
    return Promise.resolve();
  }

  @GracefulTimeout(3000)
  static synchronous(): string {
    return 'done';
  }
}

export class WithThis {
  count = 0;

  @GracefulTimeout({ marginMs: 3000, preempt: true })
  async handler(this: WithThis, _event: unknown, _context: Context): Promise<number> {
    return this.count;
  }

  @OnTimeout
  protected report(this: WithThis, _error: LambdaTimeoutError): void {
    this.count++;
  }
}

export const options: GracefulTimeoutOptions = { marginMs: 1 };
export const hookOptions: OnTimeoutOptions = { respond: false };
// @ts-expect-error: marginMs is not optional
export const noMargin: GracefulTimeoutOptions = { reserveMs: 1 };
// @ts-expect-error: no such option
export const misspelt: GracefulTimeoutOptions = { marginMs: 1, marginMS: 1 };
// @ts-expect-error: a logger needs `warn`
export const halfLogger: GracefulTimeoutOptions = { marginMs: 1, logger: { error() {} } };

export class Misused {
  // @ts-expect-error: @GracefulTimeout needs its margin
  @GracefulTimeout
  withoutMargin(): void {}

  // @ts-expect-error: marginMs is a number
  @GracefulTimeout('3000')
  withText(): void {}

  // @ts-expect-error: not a method
  @GracefulTimeout(3000)
  field = async () => {};

  // @ts-expect-error: not a method
  @OnTimeout
  hookField = () => {};

  // @ts-expect-error: not a method
  @Finally()
  calledHookField = () => {};

  // @ts-expect-error: not a method
  @OnTimeout
  get accessor(): number {
    return 1;
  }

  // @ts-expect-error: no such option
  @OnTimeout({ response: true })
  unknownOption(): void {}

  // @ts-expect-error: @Finally takes no options
  @Finally({ respond: true })
  finallyOption(): void {}

  // @ts-expect-error: its first argument is a LambdaTimeoutError
  @OnTimeout
  eventFirst(_event: SQSEvent): void {}

  // @ts-expect-error: its first argument is a LambdaTimeoutError, with or without parentheses
  @OnTimeout()
  textFirst(_text: string): void {}

  // @ts-expect-error: its first argument is the outcome, not the error
  @Finally
  errorFirst(_error: LambdaTimeoutError): void {}

  // @ts-expect-error: the outcome may be fulfilled
  @Finally
  rejectedOnly(_outcome: PromiseRejectedResult): void {}
}

// @ts-expect-error: not a method
@GracefulTimeout(3000)
export class DecoratedClass {}

// @ts-expect-error: not a method
@Finally
export class DecoratedWithHook {}
