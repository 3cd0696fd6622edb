import { isGenerator } from '../invocation/hook.js';
import { memberName } from '../report/member-name.js';
import { type MakeError, type Misuse, misuseAt, showGiven } from './misuse.js';

/** Any method, whatever its parameters: `never` is what every parameter type accepts. */
export type Method = (...args: never) => unknown;

/** A decorator for methods that `Accepted` describes, in both dialects of TypeScript. */
export interface DualDecorator<Accepted extends Method> {
  /** Under `experimentalDecorators`: the legacy dialect. */
  <Decorated extends Accepted>(
    target: object,
    propertyKey: string | symbol,
    descriptor: TypedPropertyDescriptor<Decorated>,
  ): void;

  /** As a standard decorator, of TC39. */
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
  /** Makes the error for a use of the decorator on this member. */
  readonly misuse: Misuse;
}

type LegacyArguments = [target: unknown, key?: string | symbol, descriptor?: PropertyDescriptor | number];
type StandardArguments = [value: unknown, context: DecoratorContext];

/** Whether a decorator is being applied. Otherwise it is being called with its options. */
export const isApplied = (args: readonly unknown[]): boolean =>
  isStandard(args) || typeof args[0] === 'function' || isKey(args[1]);

const isStandard = (args: readonly unknown[]): args is StandardArguments =>
  typeof args[1] === 'object' && args[1] !== null && 'kind' in args[1];

const isKey = (value: unknown): value is string | symbol => ['string', 'symbol'].includes(typeof value);

/** Reads what a decorator was applied to, and refuses everything but a method. */
export function readMember(decorator: string, args: readonly unknown[], makeError: MakeError): Member {
  const { method, ...member } = isStandard(args)
    ? readStandard(...args)
    : readLegacy(...(args as LegacyArguments));
  const misuse = misuseAt(member.name ? `${decorator} on ${member.name}` : decorator, makeError);
  if (typeof method === 'string') throw misuse('a method', method, ADVICE[method] ?? 'Put it on a method.');
  if (isGenerator(method)) {
    const advice = 'Make it an ordinary or an `async` method: nobody iterates over what a generator returns.';
    throw misuse('a method', 'a generator', advice);
  }
  return { ...member, method, misuse };
}

/** A member of a class. If it is not a method, `method` says what it is; `name` is empty if it is not even a member. */
type Found = Omit<Member, 'method' | 'misuse'> & { readonly method: Member['method'] | string };

const ADVICE: Readonly<Record<string, string>> = {
  'a plain function': 'Write it as a method of a class, and put the decorator on that.',
};

function readStandard(value: unknown, { kind, name, metadata, ...rest }: DecoratorContext): Found {
  return {
    name: String(name),
    key: name as string | symbol,
    isStatic: 'static' in rest && rest.static,
    isPrivate: 'private' in rest && rest.private,
    metadataHolder: metadata,
    method: kind === 'method' ? (value as Member['method']) : (KINDS[kind] ?? 'an accessor'),
  };
}

const KINDS: Readonly<Record<string, string>> = { class: 'a class', field: 'a field' };

function readLegacy(...[target, key, descriptor]: LegacyArguments): Found {
  const isMember = isKey(key) && Object(target) === target;
  return {
    name: isMember ? memberName(target as object, key) : nameOf(target),
    key: key as string | symbol,
    isStatic: typeof target === 'function',
    isPrivate: false,
    metadataHolder: target as object,
    method: isMember ? readDescriptor(descriptor) : describeTarget(target),
  };
}

/** Names what is not a member of a class, if it is a function; `''` for anything else. */
function nameOf(target: unknown): string {
  if (typeof target !== 'function') return '';
  return typeof target.name === 'string' && target.name !== '' ? target.name : 'an anonymous function';
}

function describeTarget(target: unknown): string {
  if (typeof target !== 'function') return showGiven(target);
  const isClass = Object.getOwnPropertyDescriptor(target, 'prototype')?.writable === false;
  return isClass ? 'a class' : 'a plain function';
}

function readDescriptor(descriptor: PropertyDescriptor | number | undefined): Found['method'] {
  if (descriptor === undefined) return 'a field';
  if (typeof descriptor === 'number') return 'a parameter';
  return typeof descriptor.value === 'function' ? descriptor.value : 'an accessor';
}

/** Replaces a decorated method. The decorator must return what this returns. */
export function replaceMethod(args: readonly unknown[], replacement: Method): Method | undefined {
  if (isStandard(args)) return replacement;
  (args as [object, string, PropertyDescriptor])[2].value = replacement;
  return undefined;
}
