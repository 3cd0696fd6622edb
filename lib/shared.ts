import { channel } from 'node:diagnostics_channel';

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

/**
 * Keeps one value that all copies of this package on a thread share, also those of other realms: a test runner such as Jest
 * gives each test file a `globalThis` of its own, and loads this package anew for it. Only Node's own modules are the same.
 */
export function onceAThread<Value>(name: string, make: () => Value): Value {
  const values = channel as unknown as { [key: symbol]: Value | undefined };
  const key = sharedSymbol(name);
  const value = values[key] ?? make();
  Reflect.defineProperty(values, key, { value, configurable: true });
  return value;
}
