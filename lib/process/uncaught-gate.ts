import { sharedByCopies } from '../shared.js';

/** Takes an error that nobody has caught. Returns `false` to leave the error to others. */
export type UncaughtTaker = (event: string, error: unknown, origin: unknown) => boolean;

type Emit = typeof process.emit;

/** The events that Node emits for an error that nobody has caught. */
const EVENTS: ReadonlySet<unknown> = new Set([
  'uncaughtExceptionMonitor',
  'uncaughtException',
  'unhandledRejection',
]);

/**
 * Offers each error that nobody has caught to `taker` first. An error that it takes reaches no listener and does not end the
 * process. Node handles all other errors as usual.
 *
 * A listener cannot do this: other listeners, such as the runtime client's, would still receive the error. And where there
 * is a listener, Node no longer ends the process for other errors. So a gate stands before `process.emit`.
 *
 * @returns a function that stops this
 * @see https://nodejs.org/api/process.html#event-uncaughtexception
 */
export function takeUncaughtErrors(taker: UncaughtTaker): () => void {
  const gate = sharedByCopies('uncaught-gate', () => new UncaughtGate());
  gate.takers.add(taker);
  gate.keepInPlace();
  return () => gate.takers.delete(taker);
}

/**
 * Stands before `process.emit`, whichever function others put there. Some put back the function that they found there much
 * earlier, as `signal-exit` does when a child process of execa has ended. That would remove a function of ours. So
 * `process.emit` becomes an accessor, which stays: it gives out what others have put there, behind a gate.
 */
class UncaughtGate {
  readonly takers = new Set<UncaughtTaker>();
  readonly #getters = new WeakSet<() => unknown>();
  readonly #gates = new WeakMap<Emit, Emit>();
  readonly #behind = new WeakMap<Emit, Emit>();
  readonly #prototype = Object.getPrototypeOf(process);

  constructor() {
    // Above `process`, so that to delete what others have put there reveals this one again. Unless a program has frozen that.
    if (!this.#insertAbove(this.#prototype)) this.#insertAbove(process);
  }

  /** Stands also before what a program has put there in another way than by an assignment. */
  keepInPlace(): void {
    for (const at of [process, this.#prototype]) {
      const found = Object.getOwnPropertyDescriptor(at, 'emit');
      if (!found?.configurable) continue;
      const { get, value } = found;
      if (!get) this.#assign(at, value);
      else if (!this.#getters.has(get)) this.#put(at, () => get.call(process));
    }
  }

  /** Inserts an object with the accessor into the prototype chain. */
  #insertAbove(target: object): boolean {
    const inserted = Object.create(Object.getPrototypeOf(target));
    // What it inherits is read each time, as without a gate: others may put something else there, and take it away again.
    this.#put(inserted, () => Object.getPrototypeOf(inserted).emit);
    // Mocks, as those of sinon and `node:test`, replace nothing but a data property. So it is shown as one.
    const shown = new Proxy(inserted, {
      getOwnPropertyDescriptor(_, key) {
        const found = Reflect.getOwnPropertyDescriptor(inserted, key);
        if (!found?.get) return found;
        return { value: inserted.emit, writable: true, enumerable: true, configurable: true };
      },
      // To freeze it makes it one.
      defineProperty(_, key, change) {
        const isAccessor = 'get' in change || 'set' in change;
        return Reflect.defineProperty(
          inserted,
          key,
          isAccessor ? change : { value: inserted[key], ...change },
        );
      },
    });
    return Reflect.setPrototypeOf(target, shown);
  }

  #put(target: object, read: () => unknown): void {
    const get = (): unknown => {
      const emit = read();
      return typeof emit === 'function' ? this.#before(this.#withoutGate(emit) as Emit) : emit;
    };
    const put = (self: object, next: unknown): void => this.#assign(self, next);
    this.#getters.add(get);
    Object.defineProperty(target, 'emit', {
      get,
      // It need not be the `process` of here: a test runner such as Jest gives each test file another one, with the same prototype.
      set(this: object, next: unknown) {
        put(this, next);
      },
      enumerable: true,
      configurable: true,
    });
  }

  /** To put back what is there anyway takes away what others have put there. */
  #assign(target: object, next: unknown): void {
    const isThere = this.#withoutGate(next) === this.#withoutGate(Object.getPrototypeOf(target).emit);
    if (isThere) Reflect.deleteProperty(target, 'emit');
    else this.#put(target, () => next);
  }

  #withoutGate(emit: unknown): unknown {
    return this.#behind.get(emit as Emit) ?? emit;
  }

  /** Returns the gate before a function: the same one each time, so that others recognize it. */
  #before(emit: Emit): Emit {
    const known = this.#gates.get(emit);
    if (known) return known;
    const { takers } = this;
    // A proxy has what others have added to their function, such as `restore` of a stub.
    const gate = new Proxy(emit, {
      apply(_, self: unknown, event: [string, unknown, unknown]) {
        if (EVENTS.has(event[0])) {
          for (const take of takers) if (take(...event)) return true;
        }
        return Reflect.apply(emit, self, event);
      },
    });
    this.#gates.set(emit, gate);
    this.#behind.set(gate, emit);
    return gate;
  }
}
