type AnyFunction = (...args: never) => unknown;

/** Notes the line that is calling a decorator for its options, and makes an error there, later. */
export function errorAtCall(decorator: AnyFunction): (message: string) => TypeError {
  const error = new TypeError('');
  Error.captureStackTrace(error, decorator);
  return (message) => Object.assign(error, { message });
}

/** Makes an error where a bare decorator is being applied: where the class calls it, by a helper of its compiler maybe. */
export function errorAtApplication(decorator: AnyFunction): (message: string) => TypeError {
  return (message) => {
    const error = new TypeError(message);
    // What the helper of the legacy dialect calls, where reflect-metadata is loaded.
    const { decorate = decorator } = Reflect as { decorate?: AnyFunction };
    Error.captureStackTrace(error, isOnStack(decorate) ? decorate : decorator);
    return error;
  };
}

function isOnStack(called: AnyFunction): boolean {
  const trace = { stack: '' };
  Error.captureStackTrace(trace, called);
  return trace.stack.includes('\n');
}
