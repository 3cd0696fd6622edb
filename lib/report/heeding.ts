import { read, Trail } from './error-trail.js';

/** The names that clients give to the error of an aborted call, or to its class. */
const ABORT_NAME = /^(?:\w*Abort(?:ed)?(?:Error|Exception)|Cancel(?:l?ed|lation)?(?:Error|Exception)?)$/;

const ABORT_CODES: ReadonlySet<unknown> = new Set([
  'ABORTED', // superagent
  'ABORT_ERR',
  'ERR_ABORTED',
  'ERR_CANCELED',
  'UND_ERR_ABORTED',
]);

/**
 * Whether an error only says that code heeds its signal: it is the reason of the signal or the error of an aborted call, or
 * leads to one of these. Several errors in one do so only if each of them does.
 *
 * @param isReason - recognizes the reason of the signal
 * @param hasAborted - whether the signal has aborted, so that the error of an aborted call comes from that
 */
export const onlyHeeds = (
  error: unknown,
  isReason: (value: unknown) => boolean,
  hasAborted: boolean,
): boolean => trailOf(error, isReason, hasAborted).onlyLeadsToEnds;

/**
 * Returns an error that leads to no end, such as a timeout: the error itself, or else a copy of it. Otherwise a logger that
 * follows the causes of the timeout would not come to an end, and what a client has put into its error would be logged.
 */
export function withoutHeeding(
  error: unknown,
  isReason: (value: unknown) => boolean,
  hasAborted: boolean,
): unknown {
  return trailOf(error, isReason, hasAborted).cut();
}

/** Follows an error to what only says that code heeds its signal. For both of the above, where the two are needed. */
export const trailOf = (error: unknown, isReason: (value: unknown) => boolean, hasAborted: boolean): Trail =>
  new Trail(error, endOf(isReason, hasAborted));

function endOf(isReason: (value: unknown) => boolean, hasAborted: boolean): (value: unknown) => boolean {
  return (value) => {
    try {
      return isReason(value) || (hasAborted && isAbort(value));
    } catch {
      return false; // a proxy that refuses to be looked at
    }
  };
}

/** Recognizes timeouts, and what has only the text of one, as the errors of clients that do not keep the reason of a signal. */
export function tellingOf(timeouts: readonly unknown[]): (value: unknown) => boolean {
  // Made once: thousands of errors may be looked at.
  const texts = new Set<unknown>();
  for (const timeout of timeouts) {
    const message = read(timeout, 'message');
    if (typeof message === 'string') texts.add(message).add(`LambdaTimeoutError: ${message}`);
  }
  return (value) => texts.has(read(value, 'message')) || timeouts.includes(value);
}

/** Whether an error that only heeds a signal has words of its own, as one that wraps a timeout has. */
export function saysMore(error: unknown, isReason: (value: unknown) => boolean): boolean {
  const isOfMany = read(error, 'errors') !== undefined || read(error, 'suppressed') !== undefined;
  return !isReason(error) && !isAbort(error) && !isOfMany;
}

function isAbort(value: unknown): boolean {
  const code = read(value, 'code');
  return (
    ABORT_CODES.has(code) ||
    // node:http, of a response whose request was aborted. The AWS SDK adds a hint.
    (code === 'ECONNRESET' && /^aborted\b/.test(String(read(value, 'message')))) ||
    read(value, 'isCanceled') === true || // execa
    // Also what is no error, such as a `Cancel` of axios up to 0.26.
    isAbortName(read(value, 'name')) ||
    isAbortName(read(read(value, 'constructor'), 'name'))
  );
}

const isAbortName = (name: unknown): boolean => ABORT_NAME.test(String(name));
