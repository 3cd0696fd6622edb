import { channel } from 'node:diagnostics_channel';
import { sharedSymbol } from '../../lib/shared.js';

/** Lets each spec of a suite be the first that puts the gate before `process.emit`, as in a process of its own. */
export function useFreshGate(): void {
  const key = sharedSymbol('uncaught-gate');
  const prototype = Object.getPrototypeOf(process);
  const restore: (() => void)[] = [];
  const setAside = (target: object, property: PropertyKey): void => {
    const before = Object.getOwnPropertyDescriptor(target, property);
    restore.push(() => {
      Reflect.deleteProperty(target, property);
      if (before) Object.defineProperty(target, property, before);
    });
    Reflect.deleteProperty(target, property);
  };
  beforeEach(() => {
    setAside(channel, key);
    setAside(prototype, 'emit');
  });
  afterEach(() => {
    for (const put of restore.splice(0)) put();
  });
}
