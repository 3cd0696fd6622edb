import type { GuardedClass } from '../invocation/hook.js';
import { memberName } from '../report/member-name.js';
import { chain, hooksOf, ownHooks } from './hooks.js';
import type { Member } from './member.js';
import { standardMetadata } from './metadata.js';

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

/** The prototype of a class, or the class of a prototype, if there is one. */
function counterpart(level: object): object | undefined {
  const found: unknown = typeof level === 'function' ? level.prototype : level.constructor;
  return found === Object(found) ? (found as object) : undefined;
}

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

const declaresHooks = ({ metadataHolder, isStatic }: Member): boolean =>
  chain(metadataHolder).some((at) => ownHooks(at, isStatic).length > 0);

function unbound({ name, key, isStatic }: Member): TypeError {
  // The standard dialect does not tell the class.
  const className = name.includes('.') ? name.split('.')[0] : 'YourClass';
  const owner = isStatic ? className : 'instance';
  const bind = `export const handler = ${owner}.${String(key)}.bind(${owner});`;
  return new TypeError(
    `${name} was called without its instance, so its hooks cannot run. Export the bound method: \`${bind}\``,
  );
}
