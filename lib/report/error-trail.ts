import { withErrorProperty } from './error-property.js';
import { inspect, isError } from './inspect.js';

/** How an error leads to others. `error` and `suppressed` are those of a `SuppressedError`, as `await using` throws it. */
type Links = Readonly<Record<'errors' | 'error' | 'suppressed' | 'cause' | 'reason', readonly unknown[]>>;

/** How many errors are looked at. A getter may make a new one each time, which leads to the next one, without an end. */
const MAX_ERRORS = 20_000;

/** All that an error leads to, as far as the ends. Without recursion, since the chain may be long. */
export class Trail {
  readonly ends = new Set<unknown>();
  readonly #error: unknown;
  #lookedAt = 0;
  #onlyLeadingToEnds: ReadonlySet<unknown> | undefined;
  readonly #links = new Map<unknown, Links>();
  readonly #parents = new Map<unknown, unknown[]>();

  constructor(error: unknown, isEnd: (value: unknown) => boolean) {
    this.#error = error;
    const found = new Set([error]);
    for (const value of found) {
      if (isEnd(value)) this.ends.add(value);
      else if (++this.#lookedAt < MAX_ERRORS) {
        const links = linksOf(value);
        if (!links) continue;
        this.#links.set(value, links);
        // Each once: thousands of calls may have failed with the one reason of their signal.
        for (const next of new Set(Object.values(links).flat())) {
          found.add(next);
          const parents = this.#parents.get(next);
          if (parents) parents.push(value);
          else this.#parents.set(next, [value]);
        }
      }
    }
  }

  /** Whether the error is an end, or leads to nothing else. */
  get onlyLeadsToEnds(): boolean {
    return this.#allOnlyLeadingToEnds.has(this.#error);
  }

  /** The ends, and what leads to nothing else. */
  get #allOnlyLeadingToEnds(): ReadonlySet<unknown> {
    this.#onlyLeadingToEnds ??= this.#findOnlyLeadingToEnds();
    return this.#onlyLeadingToEnds;
  }

  #findOnlyLeadingToEnds(): ReadonlySet<unknown> {
    // For an error that has several: those of them that have not been found to heed. Kept, because there may be thousands.
    const others = new Map<unknown, Set<unknown>>();
    return this.#leadingTo(this.ends, (parent, child) => {
      const { errors, error, suppressed } = this.#links.get(parent) as Links;
      const left = others.get(parent) ?? new Set([errors, error, suppressed].flat());
      others.set(parent, left);
      left.delete(child);
      return left.size === 0;
    });
  }

  /** Copies what leads to an end, without the way there. What leads to too many errors is copied without all of them. */
  cut(): unknown {
    const error = this.#error;
    const isEndless = this.#lookedAt >= MAX_ERRORS;
    if (this.ends.size === 0 && !isEndless) return error;
    const left = this.onlyLeadsToEnds ? this.ends : this.#allOnlyLeadingToEnds;
    const copies = new Map<unknown, object>();
    for (const value of isEndless ? [error] : this.#leadingTo(this.ends)) {
      const links = this.#links.get(value);
      if (links) copies.set(value, copyWithoutLinks(value as object, links));
    }
    for (const [value, copy] of copies) {
      for (const [key, items] of Object.entries(this.#links.get(value) as Links)) {
        if (items.length === 0) continue; // what is there, if anything, leads nowhere
        const others = isEndless ? [] : items.filter((item) => !left.has(item));
        const kept = others.map((item) => copies.get(item) ?? item);
        const enumerable = isShown(value, key);
        if (key === 'errors') define(copy, key, kept, enumerable);
        // Also where nothing is left: a getter of its class might lead back.
        else if (kept.length > 0 || key in copy) define(copy, key, kept[0], enumerable);
      }
    }
    return copies.get(error);
  }

  /** The given values, and all that lead to them and pass. */
  #leadingTo(
    values: ReadonlySet<unknown>,
    passes: (parent: unknown, child: unknown) => boolean = () => true,
  ): ReadonlySet<unknown> {
    const leading = new Set(values);
    for (const value of leading) {
      for (const parent of this.#parents.get(value) ?? []) if (passes(parent, value)) leading.add(parent);
    }
    return leading;
  }
}

/** Undefined for what leads nowhere, as most errors do: there may be thousands, each of which costs time before the hooks. */
function linksOf(value: unknown): Links | undefined {
  const [list, suppressed, cause, reason] = [
    read(value, 'errors'),
    read(value, 'suppressed'),
    read(value, 'cause'),
    read(value, 'reason'),
  ];
  if ((list ?? suppressed ?? cause ?? reason) === undefined) return undefined;
  return {
    errors: listOf(list),
    error: suppressed === undefined ? [] : linked(read(value, 'error')),
    suppressed: linked(suppressed),
    cause: linked(cause),
    reason: linked(reason),
  };
}

const linked = (value: unknown): readonly unknown[] => (value === undefined ? [] : [value]);

function listOf(value: unknown): readonly unknown[] {
  try {
    if (!Array.isArray(value)) return [];
    return Array.from({ length: Math.min(value.length, MAX_ERRORS) }, (_, index) => value[index]);
  } catch {
    return [];
  }
}

/** Reads a property of a value of the user, which may be no object, or have a getter that throws. */
export function read(value: unknown, key: string): unknown {
  try {
    return (value as { [key: string]: unknown })[key];
  } catch {
    return undefined;
  }
}

/** The message of an error, which the user may have made one that cannot be read, or no text. */
export function messageOf(error: unknown): string {
  const message = read(error, 'message');
  return typeof message === 'string' ? message : inspect(message);
}

/** Copies an error, or a value that was thrown in place of one. */
function copyWithoutLinks(value: object, links: Links): object {
  try {
    const isCopyOfError = isError(value);
    const copy = isCopyOfError ? emptyError() : {};
    for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
      if (!links[key as keyof Links]?.length) {
        Object.defineProperty(copy, key, { ...descriptor, configurable: true });
      }
    }
    // Not read now: to write out many stacks takes long.
    const get = () => read(value, 'stack');
    if (isCopyOfError) Object.defineProperty(copy, 'stack', { get, configurable: true });
    // Now, because up to Node 20 to define a stack reads the name and the message.
    Object.setPrototypeOf(copy, Object.getPrototypeOf(value));
    for (const key of ['name', 'message']) {
      // A getter of its class may refuse to work for a copy, as that of a `DOMException` does.
      const text = read(value, key);
      if (read(copy, key) !== text) define(copy, key, text, false);
    }
    return copy;
  } catch {
    return new Error(inspect(value)); // a proxy that refuses to be looked at
  }
}

const emptyError = (): Error => withErrorProperty('stackTraceLimit', 0, () => new Error());

/** Whether loggers show a property. ECMAScript hides `cause`, for example, but what assigns one shows it. */
function isShown(value: unknown, key: string): boolean {
  try {
    return Object.prototype.propertyIsEnumerable.call(value, key);
  } catch {
    return false;
  }
}

const define = (target: object, key: string, value: unknown, enumerable: boolean): unknown =>
  Object.defineProperty(target, key, { value, enumerable, configurable: true, writable: true });
