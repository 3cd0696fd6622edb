import type { Writable } from 'node:stream';
import type { LambdaTimeoutError } from '../report/lambda-timeout-error.js';

/** The part of a response stream that is used here; what the runtime client passes is not always a `Writable`. */
export type ResponseStream = Pick<Writable, 'write' | 'end' | 'writableEnded'> &
  Record<string | symbol, unknown>;

/** Code whose time may be over. */
interface LimitedCode {
  /** The error, once the code must have no effect any more. */
  readonly errorAfterCutOff: LambdaTimeoutError | undefined;
}

// After its cut-off, code can call no other method. If it wrote to a stream that has ended, destroyed it or emitted an error,
// it would break the response that the runtime client is sending, and with it the process.
const HARMLESS: ReadonlySet<string | symbol> = new Set([
  'addListener',
  'eventNames',
  'getMaxListeners',
  'listenerCount',
  'off',
  'on',
  'once',
  'prependListener',
  'prependOnceListener',
  'removeListener',
]);

/** Finds the response stream of `(event, responseStream, context)`. */
export function findResponseStream(
  args: readonly unknown[],
  contextIndex: number,
): ResponseStream | undefined {
  const candidate = contextIndex > 1 ? args[contextIndex - 1] : undefined;
  return isStream(candidate) ? candidate : undefined;
}

const isStream = (value: unknown): value is ResponseStream => {
  const { write, end } = (value ?? {}) as Partial<ResponseStream>;
  return typeof write === 'function' && typeof end === 'function';
};

/**
 * Makes a view of the response stream for some code. Once the time of the code is over, nothing that it has from the view
 * can change the stream: no method, no value that a method returned, no `this` of a listener.
 */
export function limitTo(code: LimitedCode, stream: ResponseStream): ResponseStream {
  const listeners = new WeakMap<object, unknown>();
  const limitListener = (listener: unknown): unknown => {
    if (typeof listener !== 'function') return listener;
    // The same function each time, so that the code can remove its listener.
    const known = listeners.get(listener);
    if (known) return known;
    function limited(this: unknown, ...args: unknown[]): unknown {
      return Reflect.apply(listener as NewableFunction, isStream(this) ? view : this, args);
    }
    listeners.set(listener, limited);
    return Object.assign(limited, { listener });
  };

  const view: ResponseStream = new Proxy(stream, {
    get(target, key) {
      const value = target[key];
      if (typeof value !== 'function' || isFixed(target, key)) return value;
      return (...args: unknown[]) => {
        const error = HARMLESS.has(key) ? undefined : code.errorAfterCutOff;
        if (error) return refuse(key, args, error, view);
        const result = value.apply(target, args.map(limitListener));
        // Methods of AWS's stream return an inner stream, not themselves.
        return isStream(result) && !args.includes(result) ? view : result;
      };
    },
    set(target, key, value) {
      if (!code.errorAfterCutOff) target[key] = value;
      return true;
    },
    defineProperty: (target, key, descriptor) =>
      code.errorAfterCutOff !== undefined || Reflect.defineProperty(target, key, descriptor),
    deleteProperty: (target, key) =>
      code.errorAfterCutOff !== undefined || Reflect.deleteProperty(target, key),
  });
  return view;
}

/** Whether a proxy must return the very value of a property, as for the methods of a frozen test double. */
function isFixed(target: object, key: string | symbol): boolean {
  const { configurable = true, writable = true } = Object.getOwnPropertyDescriptor(target, key) ?? {};
  return !configurable && !writable;
}

/**
 * Called in place of a method after the cut-off. Does nothing, and passes the error to the callback of the call, if there is
 * one.
 */
function refuse(
  key: string | symbol,
  args: readonly unknown[],
  error: LambdaTimeoutError,
  view: ResponseStream,
): unknown {
  const callback = args.at(-1);
  if (typeof callback === 'function') queueMicrotask(() => callback(error));
  // A full stream returns `false`. That stops a producer, because `drain` never comes.
  return key === 'write' ? false : view;
}
