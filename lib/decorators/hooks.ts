import 'reflect-metadata/lite';
import type { GuardedClass, Hook } from '../invocation/hook.js';
import { memberName } from '../report/member-name.js';
import { sharedSymbol } from '../shared.js';
import type { Member } from './member.js';

// Compilers give standard decorators their `context.metadata` only if this symbol exists when the class is
// evaluated, and no Node release defines it. The value is the one that esbuild and SWC fall back to.
if (Symbol.metadata === undefined) {
  Object.defineProperty(Symbol, 'metadata', { value: Symbol.for('Symbol.metadata') });
}

/** A hook as it is recorded: without its name, which contains the class of the instance. */
type RecordedHook = Omit<Hook, 'name'>;

// So that all copies of this package find each other's hooks.
const INSTANCE_HOOKS = sharedSymbol('hooks');
const STATIC_HOOKS = sharedSymbol('static-hooks');

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
 * Makes the function that finds what a decorated handler has to know of the class of its instance. It remembers what it
 * found. It throws a TypeError if the handler's own class declares hooks and the class of `this` has none.
 *
 * @param warn - called once, if the class has hooks that the handler does not run
 */
export function classFinder(
  handler: Member,
  warn: (message: string) => void,
): (self: unknown) => GuardedClass {
  const found = new WeakMap<object, GuardedClass>();
  let hasWarned = false;
  return (self) => {
    const level = classLevel(self);
    const known = found.get(level);
    if (known) return known;

    const guarded = discover(level, handler);
    const hasHooks = guarded.onTimeout.length + guarded.finally.length > 0;
    if (!hasHooks && declaresHooks(handler)) throw unbound(handler);
    found.set(level, guarded);
    if (!hasHooks && !hasWarned && isBesideHooks(handler, level)) {
      hasWarned = true;
      const [own, others] = handler.isStatic ? ['static', 'not'] : ['not static', 'static'];
      warn(`${guarded.handlerName} runs no hooks: it is ${own}, but the hooks of its class are ${others}`);
    }
    return guarded;
  };
}

/** Whether a static handler has hooks that are instance methods beside it, or the other way round. */
function isBesideHooks({ isStatic, metadataHolder }: Member, level: object): boolean {
  const others = [level, metadataHolder].flatMap((at) => hooksOf(at && counterpart(at)));
  return others.length + ownHooks(metadataHolder, !isStatic).length > 0;
}

/** Stands for the class of a value that has none, such as `undefined`. */
const NO_CLASS: object = Object.freeze(Object.create(null));

/** Where the look-up begins: at the prototype of `self`, or at `self` if it is a class, for its static hooks. */
function classLevel(self: unknown): object {
  if (typeof self === 'function') return self;
  return (typeof self === 'object' && self !== null && Object.getPrototypeOf(self)) || NO_CLASS;
}

/** The prototype of a class, or the class of a prototype. */
const counterpart = (level: object): object | undefined =>
  typeof level === 'function' ? level.prototype : level.constructor;

function discover(level: object, { key, metadataHolder }: Member): GuardedClass {
  // Without metadata from the compiler, it is unknown which class declares the handler: the class of the instance is taken.
  const isDeclared = chain(level).some((at) => [at, standardMetadata(at)].includes(metadataHolder));
  const hooks = hooksOf(level).map((hook) => ({ ...hook, name: memberName(level, hook.key) }));
  const onTimeout = hooks.filter((hook) => hook.kind === 'onTimeout');
  return {
    handlerName: isDeclared ? memberName(level, key) : String(key),
    onTimeout,
    finally: hooks.filter((hook) => hook.kind === 'finally'),
    responder: onTimeout.find((hook) => hook.responds),
  };
}

/** Collects the hooks of a class and its superclasses. For an overridden hook, the last override counts. */
function hooksOf(level: object | undefined): RecordedHook[] {
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
function chain(level: object | undefined): object[] {
  const levels: object[] = [];
  for (let at = level; at; at = Object.getPrototypeOf(at)) levels.push(at);
  return levels;
}

/** The metadata object that standard decorators of this very class, not of a superclass, have written to. */
function standardMetadata(level: object): object | undefined {
  const owner =
    typeof level === 'function' ? level : Object.getOwnPropertyDescriptor(level, 'constructor')?.value;
  return owner && Object.getOwnPropertyDescriptor(owner, Symbol.metadata)?.value;
}

const metadataKey = (isStatic: boolean): symbol => (isStatic ? STATIC_HOOKS : INSTANCE_HOOKS);

const ownHooks = (holder: object | undefined, isStatic: boolean): readonly RecordedHook[] =>
  (holder && Reflect.getOwnMetadata(metadataKey(isStatic), holder)) ?? [];

const declaresHooks = ({ metadataHolder, isStatic }: Member): boolean =>
  metadataHolder !== undefined && Reflect.hasMetadata(metadataKey(isStatic), metadataHolder);

function unbound({ name, key }: Member): TypeError {
  const bind = `export const handler = instance.${String(key)}.bind(instance);`;
  return new TypeError(
    `${name} was called without its instance, so its hooks cannot run. Export the bound method: \`${bind}\``,
  );
}
