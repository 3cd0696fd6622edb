import { sharedSymbol } from '../shared.js';

// So that `instanceof` holds between all copies of this package.
const BRAND = sharedSymbol('LambdaTimeoutError');

/** What a {@link LambdaTimeoutError} tells about the invocation that timed out. */
export interface LambdaTimeoutDetails {
  /** The handler that timed out, as `Orders.handler`. A minifier may rename the class. */
  handler: string;
  /** `context.awsRequestId`; absent where the context has none, as in some tests. */
  requestId?: string | undefined;
  /** Time reserved before the hard deadline, in ms. */
  marginMs: number;
  /** Time since the invocation began, in whole ms. */
  elapsedMs: number;
  /** Time until the hard deadline, in whole ms; negative once it has passed. */
  remainingMs: number;
  /** How long the event loop kept the timeout waiting, in whole ms. */
  lateByMs: number;
  /** Whether running code was interrupted. */
  preempted: boolean;
  /** The stack that blocked the event loop, if it was interrupted. */
  blockedAt?: string;
  /** What the process was waiting on, counted by type, as `{ TCPSocketWrap: 2 }`. */
  activeResources: Record<string, number>;
}

/**
 * Error class of an invocation that timed out before its Lambda deadline.
 *
 * It is what the abandoned handler's caller receives, what `@OnTimeout` hooks get first, and the reason of
 * `currentDeadline().signal`. All its own fields are JSON-able, since the Lambda runtime logs each of them;
 * neither the event nor the context is among them. `instanceof` holds between all copies of this package.
 *
 * @example
 * ```ts
 * import type { Context } from 'aws-lambda';
 * import { GracefulTimeout, LambdaTimeoutError, OnTimeout } from 'lambda-graceful-timeout';
 *
 * class Orders {
 *   @GracefulTimeout(3000)
 *   public async handler(event: { orders: string[] }, _context: Context): Promise<number> {
 *     return event.orders.length;
 *   }
 *
 *   @OnTimeout
 *   protected report(error: LambdaTimeoutError): void {
 *     console.log(`${error.handler} was waiting on`, error.activeResources);
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

// On the prototype: the runtime would log an own `name` a second time.
Object.defineProperties(LambdaTimeoutError.prototype, {
  name: { value: 'LambdaTimeoutError', configurable: true, writable: true },
  [BRAND]: { value: true },
});
