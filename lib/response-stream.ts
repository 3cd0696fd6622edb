import type { Writable } from 'node:stream';
import type { AttemptDeadline } from './attempt-deadline.js';

/** The part of a response stream that is used here; what the runtime client passes is not always a `Writable`. */
export type ResponseStream = Pick<Writable, 'write' | 'end' | 'writableEnded'> &
  Record<string | symbol, unknown>;

// Written to a stream that has ended, or destroying it, an abandoned handler would break the response that the
// runtime client is sending, and with it the process.
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
  const candidate =
    contextIndex > 1 ? (args[contextIndex - 1] as ResponseStream | null | undefined) : undefined;
  return typeof candidate?.write === 'function' && typeof candidate.end === 'function'
    ? candidate
    : undefined;
}

/** A view of the response stream for code that has a deadline: once that has passed, it leaves the stream alone. */
export const limitTo = (deadline: AttemptDeadline, stream: ResponseStream): ResponseStream =>
  new Proxy(stream, {
    get(target, key, view) {
      const value = target[key];
      if (typeof value !== 'function') return value;
      if (!deadline.passed || !SILENCED.includes(key)) return value.bind(target);
      return (...args: unknown[]) => {
        refuse(deadline, args);
        // What a full stream answers: it stops a producer, as its `drain` never comes.
        return key === 'write' ? false : view;
      };
    },
    set(target, key, value) {
      if (!deadline.passed) target[key] = value;
      return true;
    },
  });

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

/** Tells the callback of a late call, if it has one, why nothing was done. */
function refuse(deadline: AttemptDeadline, args: readonly unknown[]): void {
  const callback = args.at(-1);
  if (typeof callback === 'function') queueMicrotask(() => callback(deadline.error));
}
