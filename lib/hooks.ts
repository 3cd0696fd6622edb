import 'reflect-metadata/lite';
import type { Member } from './decorator.js';

// Compilers give standard decorators their `context.metadata` only if this symbol exists when the class is
// evaluated, and no Node release defines it. The value is the one that esbuild and SWC fall back to.
if (Symbol.metadata === undefined) {
  Object.defineProperty(Symbol, 'metadata', { value: Symbol.for('Symbol.metadata') });
}

/** A method that a decorator has marked to be run when an invocation ends. */
export interface Hook {
  readonly kind: 'onTimeout' | 'finally';
  readonly key: string | symbol;
  /** Whether its return value answers the timed-out invocation. */
  readonly responds: boolean;
}

/** The hooks of a class in the order in which they run. */
export interface Hooks {
  readonly onTimeout: readonly Hook[];
  readonly finally: readonly Hook[];
  readonly responder: Hook | undefined;
}

// Strings, not symbols, so that all copies of this package find each other's hooks.
const INSTANCE_HOOKS = 'lambda-graceful-timeout:hooks';
const STATIC_HOOKS = 'lambda-graceful-timeout:static-hooks';

const NO_HOOKS: Hooks = { onTimeout: [], finally: [], responder: undefined };

/** Records a hook on the class that declares it. */
export function recordHook(member: Member, kind: Hook['kind'], responds = false): void {
  const { key, isStatic, isPrivate, metadataHolder, misuse } = member;
  if (isPrivate) {
    throw misuse('a public or protected method', 'a private one', 'Make it `protected`, without `#`.');
  }
  if (metadataHolder === undefined) {
    const mend = 'Compile with TypeScript 5.2, esbuild 0.21.3 or later, or with `experimentalDecorators`.';
    throw misuse('a compiler that provides `context.metadata`', '`undefined`', mend);
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
  Reflect.defineMetadata(metadataKey(isStatic), [...own, { kind, key, responds }], metadataHolder);
}

/**
 * Makes the look-up of the hooks that go with one decorated handler. It remembers what it found per class, and
 * throws a TypeError where `this` is not of a class with the hooks that the handler's own class declares.
 */
export function hookFinder(handler: Member): (self: unknown) => Hooks {
  const found = new WeakMap<object, Hooks>();
  return (self) => {
    const level = classLevel(self);
    const known = level && found.get(level);
    if (known) return known;

    const hooks = level ? discover(level) : NO_HOOKS;
    if (hooks.onTimeout.length + hooks.finally.length === 0 && declaresHooks(handler)) throw unbound(handler);
    if (level) found.set(level, hooks);
    return hooks;
  };
}

/** Where the class of `self` begins: its prototype, or itself if it is a class, whose static hooks are meant. */
function classLevel(self: unknown): object | undefined {
  if (typeof self === 'function') return self;
  return typeof self === 'object' && self !== null ? Object.getPrototypeOf(self) : undefined;
}

/** Collects the hooks of a class and its superclasses; for an overridden one, the last override speaks. */
function discover(level: object): Hooks {
  const isStatic = typeof level === 'function';
  const hooks: Hook[] = [];
  for (let at: object | null = level; at !== null; at = Object.getPrototypeOf(at)) {
    const overridden = new Set(hooks.map((hook) => hook.key));
    const declared = [...ownHooks(at, isStatic), ...ownHooks(standardMetadata(at), isStatic)];
    hooks.push(...declared.filter((hook) => !overridden.has(hook.key)));
  }
  const onTimeout = hooks.filter((hook) => hook.kind === 'onTimeout');
  return {
    onTimeout,
    finally: hooks.filter((hook) => hook.kind === 'finally'),
    responder: onTimeout.find((hook) => hook.responds),
  };
}

/** The metadata object that standard decorators of this very class, not of a superclass, have written to. */
function standardMetadata(level: object): object | undefined {
  const owner =
    typeof level === 'function' ? level : Object.getOwnPropertyDescriptor(level, 'constructor')?.value;
  return owner && Object.getOwnPropertyDescriptor(owner, Symbol.metadata)?.value;
}

const metadataKey = (isStatic: boolean): string => (isStatic ? STATIC_HOOKS : INSTANCE_HOOKS);

const ownHooks = (holder: object | undefined, isStatic: boolean): readonly Hook[] =>
  (holder && Reflect.getOwnMetadata(metadataKey(isStatic), holder)) ?? [];

const declaresHooks = ({ metadataHolder, isStatic }: Member): boolean =>
  metadataHolder !== undefined && Reflect.hasMetadata(metadataKey(isStatic), metadataHolder);

function unbound({ name, key }: Member): TypeError {
  const bind = `export const handler = instance.${String(key)}.bind(instance);`;
  return new TypeError(
    `${name} was called without its instance, whose hooks it has to run. Export it bound: \`${bind}\``,
  );
}
