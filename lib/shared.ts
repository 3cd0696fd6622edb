// To be raised when the shared values change their shape, so that two major versions can run in one process.
const VERSION = 2;

/**
 * Returns the registered symbol of a name. All copies of this package on a thread, such as an ESM and a CommonJS copy, get
 * the same one.
 */
export const sharedSymbol = (name: string): symbol =>
  Symbol.for(`lambda-graceful-timeout@${VERSION}:${name}`);

/** Keeps one value that all copies of this package on a thread share. */
export function sharedByCopies<Value>(name: string, make: () => Value): Value {
  const values = globalThis as { [key: symbol]: Value | undefined };
  const key = sharedSymbol(name);
  values[key] ??= make();
  return values[key];
}
