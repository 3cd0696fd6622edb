import { memberName } from '../report/member-name.js';
import { show } from '../report/show.js';
import { errorAtApplication, errorAtCall } from './misuse.js';

/** Any method, whatever its parameters: `never` is what every parameter type accepts. */
export type Method = (...args: never) => unknown;

/** A decorator for methods that `Accepted` describes, in both dialects of TypeScript. */
export interface DualDecorator<Accepted extends Method> {
  // legacy: experimentalDecorators
  <Decorated extends Accepted>(
    target: object,
    propertyKey: string | symbol,
    descriptor: TypedPropertyDescriptor<Decorated>,
  ): void;

  // standard: TC39
  <This>(method: Accepted, context: ClassMethodDecoratorContext<This>): void;
}

/** A method under a decorator, whichever dialect it was decorated in. */
export interface Member {
  /** `Orders.handler`; the standard dialect does not tell the class: `handler`. */
  readonly name: string;
  readonly key: string | symbol;
  readonly isStatic: boolean;
  /** Has a `#name`, by which nothing outside the class can look it up. */
  readonly isPrivate: boolean;
  /** The object that holds the metadata of its class; absent where the compiler provides none. */
  readonly metadataHolder: object | undefined;
  readonly method: (...args: unknown[]) => unknown;
  /** Makes the error for a use of the decorator that cannot work. It says how to correct it. */
  readonly misuse: (expected: string, got: string, mend: string) => TypeError;
}

type LegacyArguments = [target: object, key?: string | symbol, descriptor?: PropertyDescriptor | number];
type StandardArguments = [value: unknown, context: DecoratorContext];

/** Whether a decorator is being applied. Otherwise it is being called with its options. */
export const isApplied = (args: readonly unknown[]): boolean =>
  isStandard(args) || typeof args[0] === 'function' || ['string', 'symbol'].includes(typeof args[1]);

const isStandard = (args: readonly unknown[]): args is StandardArguments =>
  typeof args[1] === 'object' && args[1] !== null && 'kind' in args[1];

/**
 * Reads what a decorator was applied to, and refuses everything but a method.
 *
 * @param makeError - makes an error with the stack of the user's line, which Node shows
 */
export function readMember(
  decorator: string,
  args: readonly unknown[],
  makeError: (message: string) => TypeError,
): Member {
  const { method, ...member } = isStandard(args)
    ? readStandard(...args)
    : readLegacy(...(args as LegacyArguments));
  const misuse: Member['misuse'] = (expected, got, mend) =>
    makeError(`${decorator} on ${member.name}: expected ${expected}, got ${got}. ${mend}`);
  if (typeof method !== 'function') throw misuse('a method', method, MENDS[method] ?? 'Put it on a method.');
  if (isGenerator(method)) {
    const mend = 'Make it an ordinary or an `async` method: nobody iterates over what a generator returns.';
    throw misuse('a method', 'a generator', mend);
  }
  return { ...member, method, misuse };
}

/** A member of a class. If it is not a method, `method` says what it is. */
type Found = Omit<Member, 'method' | 'misuse'> & { readonly method: Member['method'] | string };

const MENDS: Readonly<Record<string, string>> = {
  'a plain function': 'Write it as a method of a class, and put the decorator on that.',
};

const isGenerator = (method: unknown): boolean => /Generator/.test(Object.prototype.toString.call(method));

function readStandard(value: unknown, { kind, name, metadata, ...rest }: DecoratorContext): Found {
  const words = { class: 'a class', field: 'a field' } as Record<string, string>;
  return {
    name: String(name),
    key: name as string | symbol,
    isStatic: 'static' in rest && rest.static,
    isPrivate: 'private' in rest && rest.private,
    metadataHolder: metadata,
    method: kind === 'method' ? (value as Member['method']) : (words[kind] ?? 'an accessor'),
  };
}

function readLegacy(...[target, key, descriptor]: LegacyArguments): Found {
  const isMember = key !== undefined;
  return {
    name: isMember ? memberName(target, key) : (target as NewableFunction).name || 'an anonymous function',
    key: key as string | symbol,
    isStatic: typeof target === 'function',
    isPrivate: false,
    metadataHolder: target,
    method: isMember ? readDescriptor(descriptor) : isClass(target) ? 'a class' : 'a plain function',
  };
}

const isClass = (target: object): boolean =>
  Object.getOwnPropertyDescriptor(target, 'prototype')?.writable === false;

function readDescriptor(descriptor: PropertyDescriptor | number | undefined): Found['method'] {
  if (descriptor === undefined) return 'a field';
  if (typeof descriptor === 'number') return 'a parameter';
  return typeof descriptor.value === 'function' ? descriptor.value : 'an accessor';
}

/** Makes a decorator that works in both forms, bare and called with options. */
export function bareOrCalled<Accepted extends Method>(
  name: string,
  apply: (member: Member, options: unknown) => void,
): (...args: unknown[]) => DualDecorator<Accepted> {
  return function decorator(...args) {
    if (isApplied(args)) {
      apply(readMember(name, args, errorAtApplication(decorator)), undefined);
      return undefined as never; // a decorator that returns a function would replace the method
    }
    const makeError = errorAtCall(decorator);
    return (...applied: unknown[]) => {
      const member = readMember(name, applied, makeError);
      if (args.length > 1) throw member.misuse('at most one argument', showGiven(args[1]), 'Remove it.');
      apply(member, args[0]);
    };
  };
}

/** Replaces a decorated method. The decorator must return what this returns. */
export function replaceMethod(args: readonly unknown[], replacement: Method): Method | undefined {
  if (isStandard(args)) return replacement;
  (args as [object, string, PropertyDescriptor])[2].value = replacement;
  return undefined;
}

/** Refuses options that are not in `known`, because a misspelt option would be ignored silently. */
export function checkOptionNames({ misuse }: Member, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const names = known.map((name) => `\`${name}\``).join(', ');
  throw misuse(`no options but ${names}`, `\`${unknown}\``, 'Remove it or correct its name.');
}

/** Shows what an option was given: `-5` (number). */
export const showGiven = (value: unknown): string =>
  `\`${show(value)}\` (${value === null ? 'null' : typeof value})`;
