import type { Writable } from 'node:stream';
import type { LambdaTimeoutError } from '../report/lambda-timeout-error.js';

/** The part of a response stream that is used here; what the runtime client passes is not always a `Writable`. */
export type ResponseStream = Pick<Writable, 'write' | 'end' | 'writableEnded'> &
  Record<string | symbol, unknown>;

/** Code whose time may be over. */
interface LimitedCode {
  /** The error of code that must reach nothing any more. */
  readonly errorAfterCutOff: LambdaTimeoutError | undefined;
}

// If an abandoned handler wrote to a stream that has ended, or destroyed it, it would break the response that the runtime
// client is sending, and with it the process.
const SILENCED: readonly (string | symbol)[] = [
  'cork',
  'destroy',
  'end',
  'setContentType',
  'uncork',
  'write',
];

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
 * A view of the response stream for some code, which can change nothing of the stream once the time of that code is over.
 * So can nothing that the code takes from the view in time: a method, what a method returns, the `this` of a listener.
 */
export function limitTo(code: LimitedCode, stream: ResponseStream): ResponseStream {
  const listeners = new WeakMap<object, unknown>();
  const limitListener = (listener: unknown): unknown => {
    if (typeof listener !== 'function') return listener;
    // The same one each time, so that it can be removed again.
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
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        const error = SILENCED.includes(key) ? code.errorAfterCutOff : undefined;
        if (error) return refuse(key, args, error, view);
        const result = value.apply(target, args.map(limitListener));
        // Of AWS's client, methods return the stream inside of the stream that it has passed.
        return isStream(result) && !args.includes(result) ? view : result;
      };
    },
    set(target, key, value) {
      if (!code.errorAfterCutOff) target[key] = value;
      return true;
    },
  });
  return view;
}

/** Does nothing in the place of a method, and tells the callback of the call, if it has one, why. */
function refuse(
  key: string | symbol,
  args: readonly unknown[],
  error: LambdaTimeoutError,
  view: ResponseStream,
): unknown {
  const callback = args.at(-1);
  if (typeof callback === 'function') queueMicrotask(() => callback(error));
  // What a full stream answers: it stops a producer, as its `drain` never comes.
  return key === 'write' ? false : view;
}

/**
 * Has the runtime client ask for the next event as soon as the stream has ended. Up to nodejs22.x it would wait until
 * nothing keeps the event loop busy, and what is abandoned may do so until Lambda kills it.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html
 */
export function doNotWaitForAbandoned(context: unknown): void {
  const waits = 'callbackWaitsForEmptyEventLoop';
  if (isExtensibleObject(context) && waits in context) context[waits] = false;
}

const isExtensibleObject = (value: unknown): value is Record<string, unknown> => Object.isExtensible(value);
