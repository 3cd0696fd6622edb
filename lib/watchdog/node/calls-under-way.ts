import { createHook, executionAsyncId, executionAsyncResource } from 'node:async_hooks';
import type { Session } from 'node:inspector';
import { sharedSymbol } from '../../shared.js';

/** What is used of the variables of Node's lib/internal/async_hooks.js. */
interface Variables {
  readonly active_hooks: {
    /** How many calls of hooks are under way. Meanwhile Node keeps the hooks that are enabled anew apart. */
    call_depth: number;
    /** All hooks, if one was enabled or disabled meanwhile. */
    readonly tmp_array: readonly unknown[] | null;
  };
  readonly restoreActiveHooks: () => void;
  readonly emitAfterNative: (asyncId: number) => void;
  readonly popAsyncContext: (asyncId: number) => void;
  readonly async_wrap: {
    readonly clearAsyncIdStack: () => void;
    readonly async_hook_fields: Record<number, number>;
    readonly async_id_fields: Record<number, number>;
    readonly constants: Readonly<Record<'kAfter' | 'kStackLength' | 'kDefaultTriggerAsyncId', number>>;
  };
}

/**
 * Ends all calls of callbacks and of async hooks that are under way, as Node does when they return or throw.
 *
 * @returns the async resources in whose callbacks the code was running, the innermost one first
 */
export type EndCalls = () => object[];

const MAX_DOMAINS = 100;

const NAMES = [
  'active_hooks',
  'restoreActiveHooks',
  'emitAfterNative',
  'popAsyncContext',
  'async_wrap',
] as const satisfies (keyof Variables)[];

/** The name under which the inspector finds what it is asked about, and leaves what it has found. */
const EXCHANGE = sharedSymbol('exchange');

/**
 * Finds in Node's lib/internal/async_hooks.js, which only the inspector shows, how to end the calls that are under way. Code
 * that is terminated may leave them under way for ever. Then Node would abort the process when it next looks at their ids, and
 * it would call no hook that is enabled later.
 *
 * @returns undefined where this Node keeps its calls in another way
 */
export function findEndCalls(session: Session): EndCalls | undefined {
  const variables = findVariables(session);
  const {
    active_hooks: hooks,
    async_wrap: wrap,
    restoreActiveHooks,
    emitAfterNative,
    popAsyncContext,
  } = variables;
  const { async_hook_fields: fields, async_id_fields: ids, clearAsyncIdStack, constants } = wrap ?? {};
  const { kAfter = -1, kStackLength = -1, kDefaultTriggerAsyncId = -1 } = constants ?? {};
  const numbers = [
    hooks?.call_depth,
    fields?.[kAfter],
    fields?.[kStackLength],
    ids?.[kDefaultTriggerAsyncId],
  ];
  const functions = [restoreActiveHooks, emitAfterNative, popAsyncContext, clearAsyncIdStack];
  if (!numbers.every(Number.isInteger) || !functions.every((each) => typeof each === 'function'))
    return undefined;
  return () => endCalls(variables as Variables);
}

function endCalls(node: Variables): object[] {
  const { active_hooks: hooks, async_wrap: wrap } = node;
  const { async_hook_fields: fields, async_id_fields: ids, constants } = wrap;
  const isAny = (name: 'kAfter' | 'kStackLength'): boolean => Number(fields[constants[name]]) > 0;
  hooks.call_depth = 0;
  if (hooks.tmp_array !== null) node.restoreActiveHooks();
  ids[constants.kDefaultTriggerAsyncId] = -1;
  const resources: object[] = [];
  while (isAny('kStackLength')) {
    const asyncId = executionAsyncId();
    // Undefined for a call of native code that has none.
    const resource: object | undefined = executionAsyncResource();
    if (resource) resources.push(resource);
    // Without an id, no hook `before` was called.
    if (asyncId > 0 && isAny('kAfter')) node.emitAfterNative(asyncId);
    node.popAsyncContext(asyncId);
  }
  // It also holds some that only native code knows.
  wrap.clearAsyncIdStack();
  leaveDomains();
  return resources;
}

/** Leaves the domains of `node:domain` that the code has entered, if any. */
function leaveDomains(): void {
  const node = process as { readonly domain?: { exit(): void } | null };
  // A bound, because a domain that was never entered cannot be left.
  for (let depth = 0; node.domain && depth < MAX_DOMAINS; depth++) node.domain.exit();
}

/** Finds variables of the file in which `getHookArrays` is defined, which the file that defines `enable` imports. */
function findVariables(session: Session): Partial<Variables> {
  const { enable } = Object.getPrototypeOf(createHook({}));
  const exchange: { enable: unknown; found: Partial<Variables> } = { enable, found: {} };
  Object.defineProperty(globalThis, EXCHANGE, { value: exchange, configurable: true });
  try {
    const objectId = evaluate(session, `globalThis[Symbol.for(${JSON.stringify(Symbol.keyFor(EXCHANGE))})]`);
    const imports = readScope(session, readProperties(session, objectId).get('enable'));
    const variables = readScope(session, imports.get('getHookArrays'));
    session.post('Runtime.callFunctionOn', {
      objectId: objectId as string,
      functionDeclaration: `function (${NAMES}) { this.found = { ${NAMES} }; }`,
      arguments: NAMES.map((name) => ({ objectId: variables.get(name) })),
    });
  } finally {
    Reflect.deleteProperty(globalThis, EXCHANGE);
  }
  return exchange.found;
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
