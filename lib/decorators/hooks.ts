import type { Hook } from '../invocation/hook.js';
import { sharedSymbol } from '../shared.js';
import type { Member } from './member.js';
import { defineMetadata, getOwnMetadata, standardMetadata } from './metadata.js';

/** A hook as it is recorded: without its name, which contains the class of the instance. */
export type RecordedHook = Omit<Hook, 'name'>;

// So that all copies of this package find each other's hooks.
const INSTANCE_HOOKS = sharedSymbol('hooks');
const STATIC_HOOKS = sharedSymbol('static-hooks');
const INSTANCE_HANDLERS = sharedSymbol('handlers');
const STATIC_HANDLERS = sharedSymbol('static-handlers');

/** Why a method cannot be the handler and one of its hooks. */
const NOT_BOTH = 'Put it on a method of its own: a hook is called in addition to the handler.';

/** Records a handler on the class that declares it, and refuses one that is a hook. */
export function recordHandler({ key, isStatic, metadataHolder, misuse }: Member): void {
  if (ownHooks(metadataHolder, isStatic).some((hook) => hook.key === key)) {
    throw misuse('a method that is not a hook', 'a hook', NOT_BOTH);
  }
  const own = ownHandlers(metadataHolder, isStatic);
  if (metadataHolder) defineMetadata(handlersKey(isStatic), [...own, key], metadataHolder);
}

/** Records a hook on the class that declares it. */
export function recordHook(member: Member, kind: Hook['kind'], responds = false): void {
  const { key, isStatic, isPrivate, metadataHolder, misuse } = member;
  if (ownHandlers(metadataHolder, isStatic).includes(key)) {
    throw misuse('a method that is not the handler', 'the handler', NOT_BOTH);
  }
  if (isPrivate) {
    throw misuse('a public or protected method', 'a private one', 'Make it `protected`, without `#`.');
  }
  if (metadataHolder === undefined) {
    const advice = 'Compile with TypeScript 5.2, esbuild 0.21.3 or later, or with `experimentalDecorators`.';
    throw misuse('a compiler that provides `context.metadata`', '`undefined`', advice);
  }
  const own = ownHooks(metadataHolder, isStatic);
  if (own.some((hook) => hook.kind === kind && hook.key === key)) {
    throw misuse('to be the only decorator of its kind on a method', 'a second one', 'Remove one of them.');
  }
  const responder = own.find((hook) => hook.responds);
  if (responds && responder) {
    const got = `another on \`${String(responder.key)}\``;
    throw misuse('at most one `respond: true` in a class', got, 'Let a single hook make the response.');
  }
  // A new array: metadata is inherited, and a superclass must not get the hooks of its subclass.
  defineMetadata(metadataKey(isStatic), [...own, { kind, key, responds }], metadataHolder);
}

/** Collects the hooks of a class and its superclasses. For an overridden hook, the last override counts. */
export function hooksOf(level: object | undefined): RecordedHook[] {
  const isStatic = typeof level === 'function';
  const hooks: RecordedHook[] = [];
  for (const at of chain(level)) {
    const overridden = new Set(hooks.map((hook) => hook.key));
    const declared = [...ownHooks(at, isStatic), ...ownHooks(standardMetadata(at), isStatic)];
    hooks.push(...declared.filter((hook) => !overridden.has(hook.key)));
  }
  return hooks;
}

/** A prototype, or a class, and those that it inherits from. */
export function chain(level: object | undefined): object[] {
  const levels: object[] = [];
  for (let at = level; at; at = Object.getPrototypeOf(at)) levels.push(at);
  return levels;
}

const metadataKey = (isStatic: boolean): symbol => (isStatic ? STATIC_HOOKS : INSTANCE_HOOKS);

const handlersKey = (isStatic: boolean): symbol => (isStatic ? STATIC_HANDLERS : INSTANCE_HANDLERS);

const ownHandlers = (holder: object | undefined, isStatic: boolean): readonly Member['key'][] =>
  (holder && getOwnMetadata(handlersKey(isStatic), holder)) ?? [];

export const ownHooks = (holder: object | undefined, isStatic: boolean): readonly RecordedHook[] =>
  (holder && getOwnMetadata(metadataKey(isStatic), holder)) ?? [];
