/**
 * Runs code with a property of `Error` set, where that is possible, and then restores the property, unless the code has put
 * something else there.
 */
export function withErrorProperty<Result>(
  name: 'prepareStackTrace' | 'stackTraceLimit',
  value: unknown,
  code: (isSet: boolean) => Result,
): Result {
  const isThere = Object.hasOwn(Error, name);
  const before = Error[name];
  try {
    return code(set(name, value));
  } finally {
    const { value: now = value } = Object.getOwnPropertyDescriptor(Error, name) ?? {};
    if (now === value && isThere) set(name, before);
    else if (now === value) Reflect.deleteProperty(Error, name);
  }
}

/** Sets a property of `Error`; answers whether that was possible. */
function set(name: keyof ErrorConstructor, value: unknown): boolean {
  try {
    return Reflect.set(Error, name, value);
  } catch {
    return false; // the program has given it a setter that throws
  }
}
