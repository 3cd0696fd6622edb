import { sharedSymbol } from '../shared.js';
import type { PendingOperation } from './pending-operations.js';

// So that `instanceof` holds between all copies of this package.
const BRAND = sharedSymbol('LambdaTimeoutError');

/** What a {@link LambdaTimeoutError} tells about the invocation that timed out. */
export interface LambdaTimeoutDetails {
  /** The handler that timed out, as `Orders.handler`. A minifier may rename the class. */
  handler: string;
  /** `context.awsRequestId`; `undefined` where the context has none, as in some tests. */
  requestId?: string | undefined;
  /** Time reserved before Lambda's deadline, in ms. */
  marginMs: number;
  /** Time from the start of the invocation until this error was made, in whole ms. */
  elapsedMs: number;
  /** Time from when this error was made until Lambda's deadline, in whole ms; negative once that has passed. */
  remainingMs: number;
  /** How long after the deadline this error was made, in whole ms: how long the event loop kept it waiting. */
  lateByMs: number;
  /** Whether running code was interrupted. */
  preempted: boolean;
  /** The stack that blocked the event loop, if it was interrupted. */
  blockedAt?: string;
  /**
   * What the handler, or the hook, had begun and what had not ended when this error was made, the oldest first, 20 at most.
   * It does not contain what other invocations, hooks or code outside of an invocation have begun.
   */
  pending: readonly PendingOperation[];
  /** What the process was waiting on when this error was made, counted by type, as `{ TCPSocketWrap: 2 }`. */
  activeResources: Record<string, number>;
}

/**
 * Error class of an invocation that timed out before its Lambda deadline.
 *
 * It is what the caller receives, what `@OnTimeout` hooks get as their first argument, and the reason of
 * `currentDeadline().signal`. It is made when the deadline is noticed, before anything is cancelled. Its numbers are
 * those of that moment. A hook that is abandoned gets an error of this class too, with the hook's deadline instead.
 *
 * All its enumerable fields are JSON-able, because the Lambda runtime logs each of them. Neither the event nor the context
 * is among them. `cause` is not enumerable. It is what the handler threw in its grace, or what the `respond: true` hook
 * failed with. If both failed, it is an `AggregateError` of the hook's error and the handler's. `stack` shows no frame of
 * this package, and no frame at all if the deadline came by itself. `instanceof` holds between all copies of this package.
 *
 * @example
 * ```ts
 * import type { Context } from 'aws-lambda';
 * import { GracefulTimeout, LambdaTimeoutError, OnTimeout } from 'lambda-graceful-timeout';
 *
 * class Orders {
 *   @GracefulTimeout(1000)
 *   public async handler(event: { orders: string[] }, _context: Context): Promise<number> {
 *     return event.orders.length;
 *   }
 *
 *   @OnTimeout
 *   protected report({ pending }: LambdaTimeoutError): void {
 *     for (const { operation, sinceMs } of pending) console.log(`${operation}: ${sinceMs} ms`);
 *   }
 * }
 * const orders = new Orders();
 * export const handler = orders.handler.bind(orders);
 * ```
 */
export class LambdaTimeoutError extends Error implements LambdaTimeoutDetails {
  /** What Lambda reports as `errorType`, since it does not change where a minifier renames the class. */
  static override readonly name = 'LambdaTimeoutError';

  declare readonly handler: string;
  declare readonly requestId?: string;
  declare readonly marginMs: number;
  declare readonly elapsedMs: number;
  declare readonly remainingMs: number;
  declare readonly lateByMs: number;
  declare readonly preempted: boolean;
  declare readonly blockedAt?: string;
  declare readonly pending: readonly PendingOperation[];
  declare readonly activeResources: Record<string, number>;

  constructor(message: string, details: LambdaTimeoutDetails) {
    super(message);
    Object.assign(this, details);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: a subclass inherits this method and must answer for itself
    if (this !== LambdaTimeoutError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === 'object' && value !== null && BRAND in value;
  }
}

export const isTimeout = (value: unknown): value is LambdaTimeoutError => value instanceof LambdaTimeoutError;

// On the prototype: the runtime would log an own `name` a second time.
Object.defineProperties(LambdaTimeoutError.prototype, {
  name: { value: 'LambdaTimeoutError', configurable: true, writable: true },
  [BRAND]: {}, // it is enough that it is there
});
