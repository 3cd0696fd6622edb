import { inspect } from '../report/inspect.js';

type AnyFunction = (...args: never) => unknown;

/** Makes an error with the stack of the user's line, which Node shows. */
export type MakeError = (message: string) => TypeError;

/** Remembers the line that calls a decorator with its options. The error, made later, points to this line. */
export function errorAtCall(decorator: AnyFunction): MakeError {
  const error = new TypeError();
  Error.captureStackTrace?.(error, decorator);
  return (message) => Object.assign(error, { message });
}

/** Makes an error that points to the line that applies a bare decorator, which may be in a helper of the compiler. */
export function errorAtApplication(decorator: AnyFunction): MakeError {
  return (message) => {
    const error = new TypeError(message);
    // The helper of the legacy dialect calls this one if reflect-metadata is loaded.
    const { decorate = decorator } = Reflect as { decorate?: AnyFunction };
    Error.captureStackTrace?.(error, isOnStack(decorate) ? decorate : decorator);
    return error;
  };
}

function isOnStack(called: AnyFunction): boolean {
  const trace: { stack?: string } = {};
  Error.captureStackTrace?.(trace, called);
  return trace.stack?.includes('\n') === true;
}

/** Makes the error for a use of a decorator that cannot work. `advice` says how to correct it. */
export type Misuse = (expected: string, got: string, advice: string) => TypeError;

/** @param place - the decorator and what it was put on: `@OnTimeout on Orders.report` */
export const misuseAt =
  (place: string, makeError: MakeError): Misuse =>
  (expected, got, advice) =>
    makeError(`${place}: expected ${expected}, got ${got}. ${advice}`);

/** Shows what a decorator or an option was given: `-5` (number). */
export const showGiven = (value: unknown): string =>
  `\`${inspect(value)}\` (${value === null ? 'null' : typeof value})`;

/** Refuses options that are not in `known`, because a misspelt option would be ignored silently. */
export function checkOptionNames(misuse: Misuse, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const names = known.map((name) => `\`${name}\``).join(', ');
  throw misuse(`no options but ${names}`, `\`${unknown}\``, 'Remove it or correct its name.');
}
