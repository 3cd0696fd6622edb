import { attempts } from '../deadline/current-attempt.js';
import type { GuardedClass } from '../invocation/hook.js';
import { invoke } from '../invocation/invocation.js';
import type { GuardedHandler } from '../invocation/invocation-facts.js';
import { rehearse } from '../invocation/rehearsal.js';
import { trackOperations } from '../operations/track-operations.js';
import { log } from '../report/logger.js';
import { startWatchdog } from '../watchdog/start-watchdog.js';
import { NO_WATCHDOG, type Watchdog } from '../watchdog/watchdog.js';
import { type CheckedOptions, type GracefulTimeoutOptions, readOptions } from './graceful-timeout-options.js';
import { classFinder } from './guarded-class.js';
import { recordHandler } from './hooks.js';
import {
  type DualDecorator,
  isApplied,
  type Member,
  type Method,
  readMember,
  replaceMethod,
} from './member.js';
import { errorAtApplication, errorAtCall, showGiven } from './misuse.js';

/**
 * Method decorator that {@link GracefulTimeout} returns. It takes any method, and leaves its type as it is.
 *
 * You need its name where you write down what a function of yours returns, such as the settings that your handlers share.
 *
 * @example
 * ```ts
 * import { GracefulTimeout, type GracefulTimeoutDecorator } from 'lambda-graceful-timeout';
 *
 * export function OurTimeout(marginMs = 1000): GracefulTimeoutDecorator {
 *   return GracefulTimeout({ marginMs, preempt: true });
 * }
 * ```
 */
export interface GracefulTimeoutDecorator extends DualDecorator<(...handlerArguments: never) => unknown> {}

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
 * @throws TypeError when the class is defined: not on a method, on a generator or a hook, or an option that is unknown or
 * out of its range
 *
 * @example
 * ```ts
 * import type { Context } from 'aws-lambda';
 * import { currentDeadline, GracefulTimeout } from 'lambda-graceful-timeout';
 *
 * class Orders {
 *   @GracefulTimeout(1000)
 *   public async handler({ url }: { url: string }, _context: Context): Promise<string> {
 *     const { signal } = currentDeadline();
 *     const response = await fetch(url, { signal });
 *     if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
 *     return response.text();
 *   }
 * }
 * const orders = new Orders();
 * export const handler = orders.handler.bind(orders);
 * ```
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
 */
export function GracefulTimeout(options: number | GracefulTimeoutOptions): GracefulTimeoutDecorator;
export function GracefulTimeout(...options: unknown[]): GracefulTimeoutDecorator {
  if (isApplied(options)) {
    const { misuse } = readMember('@GracefulTimeout', options, errorAtApplication(GracefulTimeout));
    throw misuse('a margin in ms', 'none', 'Write `@GracefulTimeout(3000)`.');
  }
  const makeError = errorAtCall(GracefulTimeout);
  return (...args: unknown[]) => {
    const member = readMember('@GracefulTimeout', args, makeError);
    if (options.length > 1) {
      const advice = 'Write `@GracefulTimeout({ marginMs: 3000, reserveMs: 300 })`.';
      throw member.misuse('a single argument', showGiven(options[1]), advice);
    }
    const read = readOptions(member, options[0]);
    recordHandler(member);
    const { method } = member;
    const parameters = parameterCounts.get(method) ?? method.length;
    const handler = { method, parameters, ...read, watchdog: watchdogFor(member, read) };
    const warn = (message: string): void => log(handler.logger, 'warn', message, MISMATCH);
    trackOperations(() => attempts.getStore());
    rehearse();
    return replaceMethod(args, guard(handler, classFinder(member, warn)));
  };
}

const MISMATCH = 'Make the handler and its hooks all instance methods, or all static.';

function watchdogFor({ name }: Member, { preempt, logger }: CheckedOptions): Watchdog {
  if (!preempt) return NO_WATCHDOG;
  return startWatchdog(name, (problem, detail) => log(logger, 'warn', problem, detail));
}

/** How many parameters the methods of decorated handlers declare: their own `length` may say less. */
const parameterCounts = new WeakMap<Method, number>();

/** Wraps the method. The wrapper has the name and the other properties of the method. */
function guard(handler: GuardedHandler, findClass: (self: unknown) => GuardedClass): Method {
  function guarded(this: unknown, ...args: unknown[]): unknown {
    return invoke(handler, findClass, this, args);
  }
  parameterCounts.set(guarded, handler.parameters);
  return Object.defineProperties(guarded, {
    ...Object.getOwnPropertyDescriptors(handler.method),
    // The runtime client takes a function of three parameters for a callback handler, and may refuse it.
    length: { value: Math.min(handler.parameters, 2), configurable: true },
  });
}
