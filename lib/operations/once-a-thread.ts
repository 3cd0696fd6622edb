import { channel } from 'node:diagnostics_channel';
import { sharedSymbol } from '../shared.js';

/**
 * Keeps one value that all copies of this package on a thread share, also those of other realms: a test runner such as Jest
 * gives each test file a `globalThis` of its own, and loads this package anew for it. Only Node's own modules are the same.
 */
export function onceAThread<Value>(name: string, make: () => Value): Value {
  const values = channel as unknown as { [key: symbol]: Value | undefined };
  const key = sharedSymbol(name);
  const value = values[key] ?? make();
  Reflect.defineProperty(values, key, { value });
  return value;
}
