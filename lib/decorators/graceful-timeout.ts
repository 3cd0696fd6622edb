import { trackOperations } from '../deadline/track-operations.js';
import type { GuardedClass } from '../invocation/hook-runner.js';
import { invoke } from '../invocation/invocation.js';
import type { GuardedHandler } from '../invocation/invocation-facts.js';
import { rehearse } from '../invocation/rehearsal.js';
import { log, type TimeoutLogger } from '../report/logger.js';
import { startWatchdog } from '../watchdog/start-watchdog.js';
import { NO_WATCHDOG } from '../watchdog/watchdog.js';
import { classFinder } from './hooks.js';
import {
  checkOptionNames,
  type DualDecorator,
  isApplied,
  type Member,
  type Method,
  readMember,
  replaceMethod,
  showGiven,
} from './member.js';
import { errorAtApplication, errorAtCall } from './misuse.js';

/** Options of {@link GracefulTimeout}. */
export interface GracefulTimeoutOptions {
  /**
   * Time in ms to reserve before the Lambda deadline, for the handler's grace, the hooks and the response. A finite
   * number > 0.
   */
  readonly marginMs: number;
  /**
   * The last part of the margin in ms, in which no hook runs any more, so that the response can leave. A finite
   * number from 0 to below `marginMs`. Default: 10 % of `marginMs`.
   */
  readonly reserveMs?: number;
  /**
   * Whether to interrupt code that blocks the event loop after its time is over: the handler from its cut-off on, a hook
   * from the end of its share on, and abandoned code. Starts a thread when the class is defined. Default: `false`.
   */
  readonly preempt?: boolean;
  /**
   * What logs timeouts, failed and abandoned hooks, and what code does after its time is over: a Powertools `Logger`, or
   * anything with `error` and `warn` methods of its shape. Default: `console`.
   */
  readonly logger?: TimeoutLogger;
}

/**
 * Method decorator that ends an AWS Lambda handler before Lambda kills it.
 *
 * The handler's deadline comes when `marginMs` are left until Lambda's own deadline. Then `currentDeadline().signal`
 * aborts. A handler that has called {@link currentDeadline} before that, itself or in anything that it calls, now has
 * grace: the time that is left until the reserve, divided by the number of hooks + 1. In this time it can clean up and
 * still return a value, which is the response. A handler that never called it has no grace.
 *
 * A handler times out when its grace is over, or when it throws in its grace. A handler without grace times out at its
 * deadline. Then the error is logged, the class's `@OnTimeout` and `@Finally` hooks run, and the caller receives the
 * {@link LambdaTimeoutError} or what a responding hook returned. What the handler does later changes nothing and is
 * logged as a warning. `@Finally` hooks also run when the handler ends in time.
 *
 * JavaScript cannot end a function from outside: code that does not listen to the signal runs on after the timeout. While
 * code blocks the event loop, nothing else can run, and so the timeout comes only after it. The option `preempt`
 * interrupts such code.
 *
 * The handler is `(event, context)`, `(event, context, callback)` or `(event, responseStream, context)`. It must be
 * called with its instance: `orders.handler.bind(orders)`. Without a usable context it has no timeout, and a warning
 * says so.
 *
 * @param options - the margin in ms, a finite number > 0, or an object with it and more: {@link GracefulTimeoutOptions}
 * @throws TypeError when the class is defined: not on a method, on a generator, or an option that is unknown or out of
 * its range
 *
 * @example
 * ```ts
 * import type { Context } from 'aws-lambda';
 * import { currentDeadline, GracefulTimeout } from 'lambda-graceful-timeout';
 *
 * class Orders {
 *   @GracefulTimeout(3000)
 *   public async handler(event: { urls: string[] }, _context: Context): Promise<number> {
 *     const { signal } = currentDeadline();
 *     const responses = await Promise.all(event.urls.map((url) => fetch(url, { signal })));
 *     return responses.length;
 *   }
 * }
 * const orders = new Orders();
 * export const handler = orders.handler.bind(orders);
 * ```
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
 */
export function GracefulTimeout(options: number | GracefulTimeoutOptions): DualDecorator<Method>;
export function GracefulTimeout(...options: unknown[]): DualDecorator<Method> {
  if (isApplied(options)) {
    const { misuse } = readMember('@GracefulTimeout', options, errorAtApplication(GracefulTimeout));
    throw misuse('a margin in ms', 'none', 'Write `@GracefulTimeout(3000)`.');
  }
  const makeError = errorAtCall(GracefulTimeout);
  return (...args: unknown[]) => {
    const member = readMember('@GracefulTimeout', args, makeError);
    if (options.length > 1) {
      const mend = 'Write `@GracefulTimeout({ marginMs: 3000, reserveMs: 300 })`.';
      throw member.misuse('a single argument', showGiven(options[1]), mend);
    }
    const handler = { method: member.method, ...readOptions(member, options[0]) };
    const warn = (message: string): void => log(handler.logger, 'warn', message, MISMATCH);
    trackOperations();
    if (handler.watchdog.isWatching) rehearse();
    return replaceMethod(args, guard(handler, classFinder(member, warn)));
  };
}

function readOptions(member: Member, options: unknown): Omit<GuardedHandler, 'method'> {
  const given = typeof options === 'object' && options !== null ? options : { marginMs: options };
  checkOptionNames(member, given, ['marginMs', 'reserveMs', 'preempt', 'logger']);
  const {
    marginMs,
    reserveMs,
    preempt = false,
    logger = console,
  } = given as Partial<Record<keyof GracefulTimeoutOptions, unknown>>;

  if (!isFiniteNumber(marginMs) || marginMs <= 0) {
    const mend = 'Write the time in ms to keep before the Lambda deadline: `@GracefulTimeout(3000)`.';
    throw member.misuse('`marginMs` to be a finite number > 0', showGiven(marginMs), mend);
  }
  if (reserveMs !== undefined && (!isFiniteNumber(reserveMs) || reserveMs < 0 || reserveMs >= marginMs)) {
    const expected = `\`reserveMs\` to be a finite number >= 0 and < \`marginMs\` (${marginMs})`;
    throw member.misuse(expected, showGiven(reserveMs), 'Leave it out for a tenth of the margin.');
  }
  if (!isLogger(logger)) {
    const mend = 'Pass a Powertools `Logger`, or leave it out for `console`.';
    throw member.misuse('`logger` to have the methods `error` and `warn`', showGiven(logger), mend);
  }
  if (typeof preempt !== 'boolean') {
    throw member.misuse(
      '`preempt` to be a boolean',
      showGiven(preempt),
      'Write `true`, or leave it out for `false`.',
    );
  }
  const warn = (problem: string, detail: string): void => log(logger, 'warn', problem, detail);
  const watchdog = preempt ? startWatchdog(member.name, warn) : NO_WATCHDOG;
  return { marginMs, reserveMs: reserveMs ?? marginMs / 10, logger, preempt, watchdog };
}

const MISMATCH = 'Make the handler and its hooks all instance methods, or all static.';

const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value);

const isLogger = (value: unknown): value is TimeoutLogger => {
  const { error, warn } = (value ?? {}) as Partial<TimeoutLogger>;
  return typeof error === 'function' && typeof warn === 'function';
};

/** Wraps the method. The wrapper has the name and the other properties of the method. */
function guard(handler: GuardedHandler, findClass: (self: unknown) => GuardedClass): Method {
  function guarded(this: unknown, ...args: unknown[]): unknown {
    try {
      return invoke(handler, findClass(this), this, args);
    } catch (error) {
      return Promise.reject(error);
    }
  }
  return Object.defineProperties(guarded, {
    ...Object.getOwnPropertyDescriptors(handler.method),
    // The runtime client takes a function of three parameters for a callback handler, and may refuse it.
    length: { value: Math.min(handler.method.length, 2), configurable: true },
  });
}
