import { read, Trail } from './error-trail.js';

/** The names that clients give to the error of an aborted call, or to its class. */
const ABORT_NAME = /^(?:\w*Abort(?:ed)?(?:Error|Exception)|Cancel(?:l?ed|lation)?(?:Error|Exception)?)$/;

const ABORT_CODES: ReadonlySet<unknown> = new Set([
  'ABORTED', // superagent
  'ABORT_ERR',
  'ERR_ABORTED',
  'ERR_CANCELED',
  'ERR_STREAM_PREMATURE_CLOSE', // `pipeline()` into a request of node:http, from Node 24 on
  'UND_ERR_ABORTED',
]);

/** What node:http says of a response whose request was aborted, and the AWS SDK after it, with a hint. */
const ABORTED_RESPONSE = /^aborted\b/;

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
): boolean => new Trail(error, endOf(isReason, hasAborted)).heeding.has(error);

/**
 * Returns an error that leads to no end, such as a timeout: the error itself, or else a copy of it. Otherwise a logger that
 * follows the causes of the timeout would not come to an end, and what a client has put into its error would be logged.
 */
export function withoutHeeding(
  error: unknown,
  isReason: (value: unknown) => boolean,
  hasAborted: boolean,
): unknown {
  return new Trail(error, endOf(isReason, hasAborted)).cut(error);
}

function endOf(isReason: (value: unknown) => boolean, hasAborted: boolean): (value: unknown) => boolean {
  return (value) => {
    try {
      return isReason(value) || (hasAborted && isAbort(value));
    } catch {
      return false; // a proxy that refuses to be looked at
    }
  };
}

/** Whether an error is a timeout, or has only its text, as those of clients that do not keep the reason of a signal. */
export const tellsOf = (value: unknown, timeout: Error): boolean =>
  [timeout.message, String(timeout)].includes(read(value, 'message') as string);

/** Whether an error that only heeds a signal has words of its own, as one that wraps a timeout has. */
export function saysMore(error: unknown, isReason: (value: unknown) => boolean): boolean {
  const isOfMany = read(error, 'errors') !== undefined || read(error, 'suppressed') !== undefined;
  return !isReason(error) && !isAbort(error) && !isOfMany;
}

function isAbort(value: unknown): boolean {
  // Also what is no error, such as a `Cancel` of axios up to 0.26.
  const names = [read(value, 'name'), read(read(value, 'constructor'), 'name')];
  const code = read(value, 'code');
  return (
    ABORT_CODES.has(code) ||
    (code === 'ECONNRESET' && ABORTED_RESPONSE.test(String(read(value, 'message')))) ||
    read(value, 'isCanceled') === true || // execa
    names.some((name) => ABORT_NAME.test(String(name)))
  );
}
