import { withErrorProperty } from './error-property.js';
import { isError } from './show.js';

/** How an error leads to others. */
const LINKS = ['cause', 'reason', 'errors'] as const;

/** The names that clients give to the error of an aborted call, or to its class. */
const ABORT_NAME = /^(?:\w*Abort(?:ed)?(?:Error|Exception)|Cancell?ed(?:Error|Exception)?)$/;

const ABORT_CODES: ReadonlySet<unknown> = new Set([
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
export function onlyHeeds(
  error: unknown,
  isReason: (value: unknown) => boolean,
  hasAborted: boolean,
): boolean {
  const seen = new Set<unknown>();
  const heeds = (value: unknown): boolean => {
    if (isReason(value) || (hasAborted && isAbort(value))) return true;
    if (!isObject(value) || seen.has(value)) return false;
    seen.add(value);
    const errors = read(value, 'errors');
    if (Array.isArray(errors) && errors.length > 0) return errors.every(heeds);
    return heeds(read(value, 'cause')) || heeds(read(value, 'reason'));
  };
  return heeds(error);
}

function isAbort(value: unknown): boolean {
  if (!isError(value)) return false;
  const names = [read(value, 'name'), read(read(value, 'constructor'), 'name')];
  return (
    ABORT_CODES.has(read(value, 'code')) ||
    names.some((name) => typeof name === 'string' && ABORT_NAME.test(name))
  );
}

/**
 * Returns an error from which no link leads to a timeout: the error itself, or else a copy of it. Otherwise a logger that
 * follows the causes of the timeout would not come to an end.
 */
export function withoutWayTo(timeout: Error, error: unknown): unknown {
  const copies = new Map<unknown, object>();
  const leads = (value: unknown, seen = new Set<unknown>()): boolean => {
    if (value === timeout) return true;
    if (!isObject(value) || seen.has(value)) return false;
    seen.add(value);
    return LINKS.some((link) => [read(value, link)].flat().some((next) => leads(next, seen)));
  };
  const cut = (value: unknown): unknown => {
    if (!isObject(value) || !leads(value)) return value;
    const known = copies.get(value);
    if (known) return known;
    const copy = copyWithoutLinks(value);
    copies.set(value, copy);
    for (const link of LINKS) {
      const next = read(value, link);
      const isList = Array.isArray(next);
      if (isList) define(copy, link, next.filter((item) => item !== timeout).map(cut));
      else if (next !== undefined && next !== timeout) define(copy, link, cut(next));
    }
    return copy;
  };
  return cut(error);
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Reads a property of a value of the user, which may have a getter that throws. */
function read(value: unknown, key: string): unknown {
  try {
    return (value as { [key: string]: unknown } | undefined)?.[key];
  } catch {
    return undefined;
  }
}

/** Defines a property as ECMAScript defines the `cause` of an error. */
const define = (target: object, key: string, value: unknown): unknown =>
  Object.defineProperty(target, key, { value, configurable: true, writable: true });

/** Copies an error, or a value that was thrown in place of one. */
function copyWithoutLinks(value: object): object {
  const isCopyOfError = isError(value);
  const empty = isCopyOfError ? withErrorProperty('stackTraceLimit', 0, () => new Error()) : {};
  const copy = Object.setPrototypeOf(empty, Object.getPrototypeOf(value));
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
    if (key !== 'stack' && !(LINKS as readonly string[]).includes(key))
      Object.defineProperty(copy, key, descriptor);
  }
  // Not read before somebody needs it, because V8 writes it out then.
  if (isCopyOfError)
    Object.defineProperty(copy, 'stack', { get: () => read(value, 'stack'), configurable: true });
  return copy;
}
