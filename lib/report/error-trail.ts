import { withErrorProperty } from './error-property.js';
import { isError, show } from './show.js';

/** How an error leads to others. */
type Links = Readonly<Record<'errors' | 'cause' | 'reason', readonly unknown[]>>;

/** For a getter that makes a new error each time, which leads to the next one, without an end. */
const MAX_ERRORS = 20_000;

/** All that an error leads to, as far as the ends. Without recursion, since the chain may be long. */
export class Trail {
  readonly ends = new Set<unknown>();
  readonly #links = new Map<unknown, Links>();
  readonly #parents = new Map<unknown, unknown[]>();

  constructor(error: unknown, isEnd: (value: unknown) => boolean) {
    const found = new Set([error]);
    for (const value of found) {
      if (isEnd(value)) this.ends.add(value);
      else if (isObject(value) && this.#links.size < MAX_ERRORS) {
        const links = linksOf(value);
        this.#links.set(value, links);
        for (const next of Object.values(links).flat()) {
          found.add(next);
          const parents = this.#parents.get(next);
          if (parents) parents.push(value);
          else this.#parents.set(next, [value]);
        }
      }
    }
  }

  /** The ends, and what leads to nothing else. */
  get heeding(): ReadonlySet<unknown> {
    return this.#leadingTo(this.ends, (value, heeding) => {
      const errors = this.#links.get(value)?.errors ?? [];
      return errors.every((item) => heeding.has(item));
    });
  }

  /** Copies what leads to an end, without the way there. */
  cut(error: unknown): unknown {
    const { heeding } = this;
    const left = heeding.has(error) ? this.ends : heeding;
    const copies = new Map<unknown, object>();
    for (const value of this.#leadingTo(this.ends)) {
      const links = this.#links.get(value);
      if (links) copies.set(value, copyWithoutLinks(value as object, links));
    }
    for (const [value, copy] of copies) {
      for (const [key, items] of Object.entries(this.#links.get(value) as Links)) {
        const kept = items.filter((item) => !left.has(item)).map((item) => copies.get(item) ?? item);
        if (key === 'errors' && items.length > 0) define(copy, key, kept);
        // Also where nothing is left: a getter of its class might lead back.
        else if (kept.length > 0 || key in copy) define(copy, key, kept[0]);
      }
    }
    return copies.get(error);
  }

  /** The given values, and all that lead to them and pass. */
  #leadingTo(
    values: ReadonlySet<unknown>,
    passes: (value: unknown, leading: ReadonlySet<unknown>) => boolean = () => true,
  ): ReadonlySet<unknown> {
    const leading = new Set(values);
    for (const value of leading) {
      for (const parent of this.#parents.get(value) ?? []) if (passes(parent, leading)) leading.add(parent);
    }
    return leading;
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function linksOf(value: object): Links {
  const linked = (key: string): readonly unknown[] => {
    const next = read(value, key);
    return next === undefined || next === null ? [] : [next];
  };
  return { errors: listOf(read(value, 'errors')), cause: linked('cause'), reason: linked('reason') };
}

function listOf(value: unknown): readonly unknown[] {
  try {
    return Array.isArray(value) ? [...value] : [];
  } catch {
    return [];
  }
}

/** Reads a property of a value of the user, which may have a getter that throws. */
export function read(value: unknown, key: string): unknown {
  try {
    return (value as { [key: string]: unknown } | undefined)?.[key];
  } catch {
    return undefined;
  }
}

/** Copies an error, or a value that was thrown in place of one. */
function copyWithoutLinks(value: object, links: Links): object {
  try {
    const isCopyOfError = isError(value);
    const copy = Object.setPrototypeOf(isCopyOfError ? emptyError() : {}, Object.getPrototypeOf(value));
    for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
      if (!links[key as keyof Links]?.length) {
        Object.defineProperty(copy, key, { ...descriptor, configurable: true });
      }
    }
    // Not read now: to write out many stacks takes long.
    const get = () => read(value, 'stack');
    return isCopyOfError ? Object.defineProperty(copy, 'stack', { get, configurable: true }) : copy;
  } catch {
    return new Error(show(value)); // a proxy that refuses to be looked at
  }
}

const emptyError = (): Error => withErrorProperty('stackTraceLimit', 0, () => new Error());

/** Defines a property as ECMAScript defines the `cause` of an error. */
const define = (target: object, key: string, value: unknown): unknown =>
  Object.defineProperty(target, key, { value, configurable: true, writable: true });
