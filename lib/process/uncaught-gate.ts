import { onceAThread } from '../shared.js';

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
 * There is one gate on a thread, since a test runner may give several realms one `process.emit`. In each name, the realm that
 * has come last takes the errors. The earlier ones are those of files that have been tested, and need not be kept in memory.
 *
 * @see https://nodejs.org/api/process.html#event-uncaughtexception
 */
export function takeUncaughtErrors(name: string, taker: UncaughtTaker): void {
  const gate = onceAThread('uncaught-gate', () => new UncaughtGate());
  gate.takers.set(name, taker);
  gate.keepInPlace(process);
}

/**
 * Stands before `process.emit`, whichever function others put there. Some put back the function that they found there much
 * earlier, as `signal-exit` does when a child process of execa has ended. That would remove a function of ours. So
 * `process.emit` becomes an accessor, which stays: it gives out what others have put there, behind a gate.
 */
class UncaughtGate {
  readonly takers = new Map<string, UncaughtTaker>();
  readonly #getters = new WeakSet<() => unknown>();
  readonly #gates = new WeakMap<Emit, Emit>();
  readonly #behind = new WeakMap<Emit, Emit>();

  constructor() {
    // On the prototype, which is that of `process` alone: to delete what was put there reveals this one again.
    const prototype = Object.getPrototypeOf(process);
    const own = Object.getOwnPropertyDescriptor(prototype, 'emit');
    // What it inherits is read each time, as without a gate: others may put something else there, and take it away again.
    const emit = (): unknown => (own ? emitOf(own, process) : Object.getPrototypeOf(prototype).emit);
    // Unless a program has frozen it.
    if (!this.#put(prototype, emit)) this.#put(process, emit);
  }

  /** Stands also before what a program has put there in another way than by an assignment. */
  keepInPlace(self: NodeJS.Process): void {
    const found = Object.getOwnPropertyDescriptor(self, 'emit');
    if (!found?.configurable || (found.get && this.#getters.has(found.get))) return;
    this.#put(self, () => emitOf(found, self));
  }

  #put(target: object, read: () => unknown): boolean {
    const get = (): unknown => {
      const emit = read();
      if (typeof emit !== 'function') return emit;
      return this.#before(this.#behind.get(emit as Emit) ?? (emit as Emit));
    };
    const put = (self: object, next: unknown): boolean => this.#put(self, () => next);
    this.#getters.add(get);
    return Reflect.defineProperty(target, 'emit', {
      get,
      // It need not be the `process` of here: Jest gives each test file another one, with the same prototype.
      set(this: object, next: unknown) {
        put(this, next);
      },
      enumerable: true,
      configurable: true,
    });
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
          for (const take of takers.values()) if (take(...event)) return true;
        }
        return Reflect.apply(emit, self, event);
      },
    });
    this.#gates.set(emit, gate);
    this.#behind.set(gate, emit);
    return gate;
  }
}

const emitOf = ({ get, value }: PropertyDescriptor, self: NodeJS.Process): unknown =>
  get ? get.call(self) : value;
