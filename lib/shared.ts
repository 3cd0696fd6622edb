// Raised when what the copies of this package share changes, so that a later major version can live beside this one.
const VERSION = 1;

/** The registered symbol of a name that all copies of this package on a thread know: an ESM and a CommonJS one, say. */
export const sharedSymbol = (name: string): symbol =>
  Symbol.for(`lambda-graceful-timeout@${VERSION}:${name}`);

/** Keeps one value for all copies of this package on a thread. */
export function shared<Value>(name: string, make: () => Value): Value {
  const values = globalThis as { [key: symbol]: Value | undefined };
  const key = sharedSymbol(name);
  values[key] ??= make();
  return values[key];
}
