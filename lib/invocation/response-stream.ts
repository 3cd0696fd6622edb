import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { attempted } from '../operations/attempted.js';
import type { LambdaTimeoutError } from '../report/lambda-timeout-error.js';

/** The part of a response stream that is used here; what the runtime client passes is not always a `Writable`. */
export type ResponseStream = Pick<Writable, 'write' | 'end' | 'writableEnded'> &
  Partial<Pick<Writable, 'destroy' | 'destroyed' | 'on' | 'uncork' | 'writableCorked'>> &
  Record<string | symbol, unknown>;

/** Code whose time may be over. */
interface LimitedCode {
  /** The error, once the code must have no effect any more. */
  readonly errorAfterCutOff: LambdaTimeoutError | undefined;
}

type Method = (...args: unknown[]) => unknown;

const EVENTS: ReadonlySet<unknown> = new Set(['close', 'drain', 'error', 'finish']);
const ADDS_LISTENER = /^(on|once|addListener|prepend(Once)?Listener)$/;
/** What `HttpResponseStream.from()` sets: a function that writes the status before the first byte. */
const BEFORE_FIRST_WRITE = '_onBeforeFirstWrite';

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
 * Makes a stream for some code, in front of the response stream. It has listeners and an inner state of its own; all else
 * reaches the response stream in the same turn, and nothing is kept here. Once the time of the code is over, nothing that the
 * code has can change the response stream: no method, no value that a method returned, no `this` of a listener.
 *
 * @param mustStayOpen - whether the response stream is kept from being destroyed, because only an open one can be ended with
 *   the error. `destroy()` then ends the stream in front alone
 */
export function limitTo(
  code: LimitedCode,
  stream: ResponseStream,
  mustStayOpen: () => boolean,
): ResponseStream {
  const front = new Front({
    // `finished()` would otherwise wait for a `close` after `finish`.
    autoDestroy: false,
    // What the methods of `Writable.prototype` call.
    write(chunk, encoding, done) {
      view.write(chunk, encoding);
      done();
    },
    final(done) {
      view.end();
      done();
    },
    destroy(error, done) {
      if (!code.errorAfterCutOff && !mustStayOpen()) stream.destroy?.(error ?? undefined);
      done(error);
    },
  });

  // A test double without events has no state either.
  const own: object = typeof stream.on === 'function' ? front : {};
  /** Whether a property is one in which Node keeps the state of a stream. */
  const isInner = (key: string | symbol): boolean =>
    typeof key === 'symbol' || (key.startsWith('_') && key in own);
  const isOfFront = (key: string | symbol): boolean =>
    key in own && (key === 'destroy' || key in EventEmitter.prototype);

  const forwarded = new Set<string>();
  const forward = (event: string): void => {
    if (!EVENTS.has(event) || forwarded.has(event)) return;
    forwarded.add(event);
    const hear = (...args: unknown[]): void => {
      const error = code.errorAfterCutOff;
      // Abandoned code hears of its own end, not of the end of a response that it has not written: its pipeline stops.
      if (error) attempted(() => Front.prototype.destroy.call(view, error));
      else if (!front.destroyed) Front.prototype.emit.call(view, event, ...args);
    };
    if (code.errorAfterCutOff) hear();
    else (stream as unknown as EventEmitter).on(event, hear);
  };

  const callInFront = (key: string | symbol, args: unknown[]): unknown => {
    if (ADDS_LISTENER.test(String(key))) forward(args[0] as string);
    return (Reflect.get(front, key) as Method).apply(view, args);
  };

  const call = (key: string | symbol, method: Method, args: unknown[]): unknown => {
    const error = code.errorAfterCutOff;
    if (error) return refuse(key, args, error, view);
    // The response may still be on its way. An error of its stream would break it, and with it the process.
    if (stream.writableEnded && mustStayOpen()) {
      return refuse(key, args, new Error('The response stream has already ended'), view);
    }
    if (front.destroyed && key in front) return callInFront(key, args);
    const result = method.apply(stream, args);
    // Methods of AWS's stream return an inner stream, not themselves.
    return isStream(result) && !args.includes(result) ? view : result;
  };

  const view: ResponseStream = new Proxy(own as ResponseStream, {
    get(target, key) {
      if (isInner(key) || Object.hasOwn(target, key)) return target[key];
      if (isOfFront(key)) return (...args: unknown[]) => callInFront(key, args);
      const value = stream[key];
      if (typeof value === 'function') return (...args: unknown[]) => call(key, value as Method, args);
      // Through its socket, which may serve the next response too, the code could reach both.
      if (value instanceof EventEmitter) return undefined;
      if (typeof value === 'object' && String(key).startsWith('_')) return undefined;
      return front.destroyed && key in target ? target[key] : value;
    },
    set(target, key, value) {
      const isBefore = key === BEFORE_FIRST_WRITE;
      // A method that the code replaces is not replaced for a hook: it may call the one that the code got from here.
      if (isInner(key) || (typeof stream[key] === 'function' && !isBefore)) {
        return Reflect.set(target, key, value);
      }
      if (code.errorAfterCutOff) return true;
      return Reflect.set(stream, key, isBefore ? limitFirstWrite(value) : value);
    },
    deleteProperty: (target, key) =>
      Reflect.deleteProperty(Object.hasOwn(target, key) || code.errorAfterCutOff ? target : stream, key),
    has: (target, key) => key in target || key in stream,
    ownKeys: (target) => [...new Set([...Reflect.ownKeys(target), ...Reflect.ownKeys(stream)])],
    getOwnPropertyDescriptor(target, key) {
      const own = Reflect.getOwnPropertyDescriptor(target, key);
      if (own || !Object.hasOwn(stream, key)) return own;
      const enumerable = Object.prototype.propertyIsEnumerable.call(stream, key);
      return { value: view[key], writable: true, enumerable, configurable: true };
    },
  });
  return view;
}

/** A stream whose errors need no listener, because the runtime client listens to those of the response stream. */
class Front extends Writable {
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    return this.listenerCount(event) > 0 && super.emit(event, ...args);
  }
}

/** Makes a function that gets a way to write before the first byte, which is none later. */
function limitFirstWrite(before: unknown): unknown {
  if (typeof before !== 'function') return before;
  return (write: Method) => {
    let isFirst = true;
    try {
      before((chunk: unknown) => isFirst && write(chunk));
    } finally {
      isFirst = false;
    }
  };
}

/**
 * Called in place of a method that must have no effect any more. Does nothing, and passes the error to the callback of the
 * call, if there is one.
 */
function refuse(key: string | symbol, args: readonly unknown[], error: Error, view: ResponseStream): unknown {
  const callback = args.at(-1);
  if (typeof callback === 'function') queueMicrotask(() => callback(error));
  // A full stream returns `false`, which stops a producer.
  return key === 'write' ? false : view;
}
