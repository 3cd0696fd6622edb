import { AsyncResource } from 'node:async_hooks';
import type { GuardedHandler } from './invocation-facts.js';

type Callback = (error?: unknown, value?: unknown) => void;

/** Whether what a method returns is its answer, or a promise of that. */
type IsAnswer = (result: unknown) => boolean;

/** For a method that another handler has called. */
const isSomething: IsAnswer = (result) => result !== undefined;

/** For a handler. The request or the timer that calls back, which many callback handlers return, is no answer. */
const isPromiseOrPrimitive: IsAnswer = (result) =>
  result instanceof Promise || (result !== undefined && Object(result) !== result);

/** The callbacks of Lambda, as handlers get them: one may hand its own on to another handler. */
const callbacks = new WeakSet<object>();

/** What a callback settles. */
interface Settled {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** @param next - the callback that was given, which is called too */
function callbackOf(settled: Settled, next?: Callback): Callback {
  const callback: Callback = (error, value) => {
    if (error === undefined || error === null) settled.resolve(value);
    else settled.reject(error);
    next?.(error, value);
  };
  callbacks.add(callback);
  return callback;
}

/** Settles in the context of whoever calls this: hooks run in it, even if the callback is called in that of another request. */
function inContextOfCaller(settled: Settled): Settled {
  const caller = new AsyncResource('LambdaGracefulTimeout');
  return {
    resolve: (value) => caller.runInAsyncScope(() => settled.resolve(value)),
    reject: (reason) => caller.runInAsyncScope(() => settled.reject(reason)),
  };
}

/** Whether a method ends by its promise, since it is declared `async`. */
const isAsync = (method: unknown): boolean =>
  Object.prototype.toString.call(method) === '[object AsyncFunction]';

/**
 * Whether a method gets a callback of Lambda. Runtimes up to nodejs22.x pass one themselves, later ones do not. What another
 * handler passes that is no callback of Lambda stays as it is.
 *
 * @param given - what the caller passes in its place
 * @param isDeclared - whether the method declares a parameter there
 * @param isBelow - whether another handler has called the method
 */
function takesCallback(
  method: unknown,
  given: unknown,
  isDeclared: boolean,
  isBelow: boolean,
): given is Callback | undefined {
  if (typeof given === 'function') return !isBelow || callbacks.has(given);
  return given === undefined && isDeclared && !(isBelow && isAsync(method));
}

/** The arguments of a handler, as far as they can have a callback. */
interface CallbackPlace {
  readonly callbackIndex: number;
  callback: unknown;
}

/**
 * Passes a callback to a method that takes one.
 *
 * @param isBelow - whether another handler has called the method
 * @returns whether the method has ended if it returns this; undefined if it has whatever it returns
 */
export function passCallback(
  place: CallbackPlace,
  { method, parameters }: GuardedHandler,
  settled: Settled,
  isBelow: boolean,
): IsAnswer | undefined {
  const { callback: given } = place;
  const isDeclared = parameters > place.callbackIndex;
  if (!takesCallback(method, given, isDeclared, isBelow)) return undefined;
  place.callback = callbackOf(inContextOfCaller(settled), isBelow ? given : undefined);
  if (!isDeclared) return undefined;
  return isBelow ? isSomething : isPromiseOrPrimitive;
}

/**
 * Calls a handler as a part of an invocation that is under way, as `super.handler(event, context)` does. If it takes a
 * callback and is given none, the caller waits for that.
 *
 * @param index - the place of the callback
 */
export function callPart(
  { method, parameters }: GuardedHandler,
  self: unknown,
  args: unknown[],
  index: number,
): unknown {
  if (parameters <= index || args[index] !== undefined || isAsync(method)) return method.apply(self, args);
  return new Promise((resolve, reject) => {
    const passed = [...args];
    passed[index] = callbackOf({ resolve, reject });
    const value = method.apply(self, passed);
    // A promise, so the parameter may be no callback.
    if (isSomething(value)) resolve(value);
  });
}
