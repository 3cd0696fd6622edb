import { EventEmitter } from 'node:events';
import { sharedSymbol } from '../../lib/shared.js';

/** Lets each spec of a suite be the first that puts the gate before `process.emit`, as in a process of its own. */
export function useFreshGate(): void {
  const key = sharedSymbol('uncaught-gate');
  const prototype = Object.getPrototypeOf(process);
  const restore: (() => void)[] = [];
  beforeEach(() => {
    const gate = Object.getOwnPropertyDescriptor(globalThis, key);
    const above = Object.getPrototypeOf(prototype);
    restore.push(() => {
      Reflect.deleteProperty(globalThis, key);
      if (gate) Object.defineProperty(globalThis, key, gate);
      Object.setPrototypeOf(prototype, above);
    });
    Reflect.deleteProperty(globalThis, key);
    Object.setPrototypeOf(prototype, EventEmitter.prototype);
  });
  afterEach(() => {
    for (const put of restore.splice(0)) put();
  });
}
