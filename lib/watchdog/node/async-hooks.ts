import { createHook } from 'node:async_hooks';
import type { Session } from 'node:inspector';
import { sharedSymbol } from '../../shared.js';

/** What Node's lib/internal/async_hooks.js keeps of the hooks that are enabled. */
interface ActiveHooks {
  /** How many calls of hooks are under way. Meanwhile Node keeps the hooks that are enabled anew apart. */
  call_depth: number;
  /** All hooks, if one was enabled or disabled meanwhile. */
  readonly tmp_array: readonly unknown[] | null;
}

/** The name under which the inspector finds what it is asked about, and leaves what it has found. */
const EXCHANGE = sharedSymbol('exchange');

/**
 * Finds in Node's lib/internal/async_hooks.js, which only the inspector shows, how to end the calls of hooks that are under
 * way, as Node does when they return. Code that is terminated may leave them under way for ever, and Node would then call no
 * hook that is enabled later.
 *
 * @returns undefined where this Node keeps its hooks in another way
 */
export function findHookCalls(session: Session): (() => void) | undefined {
  const { enable } = Object.getPrototypeOf(createHook({}));
  const exchange: { enable: unknown; found: readonly unknown[] } = { enable, found: [] };
  Object.defineProperty(globalThis, EXCHANGE, { value: exchange, configurable: true });
  try {
    lookUp(session);
  } finally {
    Reflect.deleteProperty(globalThis, EXCHANGE);
  }
  const [active, restore] = exchange.found as [Partial<ActiveHooks>?, (() => void)?];
  if (typeof active?.call_depth !== 'number' || active.tmp_array === undefined || !restore) return undefined;
  return () => {
    active.call_depth = 0;
    if (active.tmp_array !== null) restore();
  };
}

/** Finds two variables of the file in which `getHookArrays` is defined, which the file that defines `enable` imports. */
function lookUp(session: Session): void {
  const exchange = evaluate(session, `globalThis[Symbol.for(${JSON.stringify(Symbol.keyFor(EXCHANGE))})]`);
  const imports = readScope(session, readProperties(session, exchange).get('enable'));
  const variables = readScope(session, imports.get('getHookArrays'));
  session.post('Runtime.callFunctionOn', {
    objectId: exchange as string,
    functionDeclaration: 'function (...values) { this.found = values; }',
    arguments: ['active_hooks', 'restoreActiveHooks'].map((name) => ({ objectId: variables.get(name) })),
  });
}

type ObjectId = string | undefined;

function evaluate(session: Session, expression: string): ObjectId {
  let id: ObjectId;
  session.post('Runtime.evaluate', { expression }, (_, reply) => {
    id = reply.result.objectId;
  });
  return id;
}

/** The variables that a function can see in its file. */
function readScope(session: Session, functionId: ObjectId): ReadonlyMap<string, ObjectId> {
  const scopes = readProperties(session, functionId).get('[[Scopes]]');
  return readProperties(session, readProperties(session, scopes).get('0'));
}

function readProperties(session: Session, objectId: ObjectId): ReadonlyMap<string, ObjectId> {
  const ids = new Map<string, ObjectId>();
  if (objectId === undefined) return ids;
  session.post('Runtime.getProperties', { objectId, ownProperties: true }, (_, reply) => {
    for (const { name, value } of [...reply.result, ...(reply.internalProperties ?? [])]) {
      ids.set(name, value?.objectId);
    }
  });
  return ids;
}
