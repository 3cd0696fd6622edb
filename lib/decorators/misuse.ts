type AnyFunction = (...args: never) => unknown;

/** Remembers the line that calls a decorator with its options. The error, made later, points to this line. */
export function errorAtCall(decorator: AnyFunction): (message: string) => TypeError {
  const error = new TypeError('');
  Error.captureStackTrace(error, decorator);
  return (message) => Object.assign(error, { message });
}

/** Makes an error that points to the line that applies a bare decorator, which may be in a helper of the compiler. */
export function errorAtApplication(decorator: AnyFunction): (message: string) => TypeError {
  return (message) => {
    const error = new TypeError(message);
    // The helper of the legacy dialect calls this one if reflect-metadata is loaded.
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
