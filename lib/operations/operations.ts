import {
  type Description,
  isOfUser,
  type ListedOperation,
  type Summary,
  summarize,
} from '../report/pending-operations.js';
import { captureTrace, type Trace } from '../report/stack.js';
import type { StackBudget } from '../report/stack-budget.js';
import { attempted } from './attempted.js';
import { openConnections } from './open-connections.js';

/** Describes an operation; undefined if it is not under way, or is a part of another one that is listed. */
export type Describe = () => Description | undefined;

/** The function at whose caller a stack begins. */
export type Entry = (...args: never) => unknown;

/** What else may be known of how an operation began. */
export interface Circumstances {
  /** The stack of an earlier operation, in whose callback this one has begun. */
  readonly earlier?: Trace | undefined;
  /** Whether nobody's code has begun it, such as what sends a queue when a connection is open. */
  readonly isQueued?: boolean;
  /** Whether no attempt's code was running, as where a module has opened the connection. */
  readonly isOutside?: boolean;
  /** Whether a driver connects. */
  readonly isConnect?: boolean;
}

/** An operation that has begun and not ended. */
export interface Begun extends Circumstances {
  readonly describe: Describe;
  readonly atMs: number;
  readonly trace: Trace;
  isAnswered?: boolean;
}

/**
 * The operations that one attempt has begun and that have not ended. What begins below an attempt that a handler calls
 * belongs to both, also after that attempt has ended.
 */
export class Operations {
  /** The outermost of those that it is below: stands for the invocation. */
  readonly invocation: object;
  readonly #outer: Operations | undefined;
  /** Where a driver has been told to connect last. What it sends from its queue then, it was told at about that line. */
  lastConnect: Trace | undefined;
  /** In the order in which they began. Made when it is first needed: most attempts begin nothing. */
  #begun: Map<object, Begun> | undefined;
  #isClosed = false;
  readonly #isInFlight: boolean;

  /**
   * @param outer - those of the attempt that this one is below
   * @param hasDeadline - whether the attempt has one. Without one it may never end, and so does not count as in flight
   */
  constructor(outer?: Operations, hasDeadline = true) {
    this.#outer = outer;
    this.invocation = outer?.invocation ?? this;
    this.#isInFlight = !outer && hasDeadline;
    if (this.#isInFlight) openConnections.enter(this);
  }

  /** Whether somebody wants to know what begins. */
  get isOpen(): boolean {
    return !this.#isClosed || this.#outer?.isOpen === true;
  }

  /** @param subject - the object that ends, such as a request */
  begin(subject: object, describe: Describe, below: Entry, how?: Circumstances): void {
    this.note(subject, { describe, atMs: performance.now(), trace: captureTrace(below), ...how });
  }

  note(subject: object, begun: Begun): void {
    this.#outer?.note(subject, begun);
    if (this.#isClosed) return;
    this.#begun ??= new Map();
    this.#begun.delete(subject); // a closed socket that is connected again is the newest
    this.#begun.set(subject, begun);
    if (begun.isConnect) this.lastConnect = begun.trace;
  }

  find(subject: object): Begun | undefined {
    return this.#begun?.get(subject) ?? this.#outer?.find(subject);
  }

  end(subject: object): void {
    this.#begun?.delete(subject);
    this.#outer?.end(subject);
  }

  /**
   * Notes nothing more, and forgets what it has noted. Connections live longer than the attempt, and must not keep in memory
   * what it has used.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#begun = undefined;
    this.lastConnect = undefined;
    if (this.#isInFlight) openConnections.leave();
  }

  /**
   * Lists them, the oldest first: the connections that were open before, and then what has begun since.
   *
   * @param nowMs - on the clock of `performance.now()`
   * @param stacks - what their stacks may cost
   */
  list(nowMs: number, stacks: StackBudget): Summary {
    const begun = this.#begun ?? new Map<object, Begun>();
    const entries: ListedOperation[] = [];
    for (const { socket, ...description } of openConnections.usedBy(this.invocation)) {
      if (begun.has(socket)) continue;
      entries.push({ ...description, traces: [], isAnswered: false });
    }
    for (const { describe, atMs, trace, earlier, isAnswered = false, ...how } of begun.values()) {
      // One that cannot be described is not listed: the timeout must not fail because of it.
      const description = attempted(describe);
      // Of code that another invocation has left behind.
      if (how.isQueued && isOfUser(trace, stacks, how.isOutside === true)) continue;
      const traces = earlier ? [trace, earlier] : [trace];
      if (description) entries.push({ ...description, atMs, traces, isAnswered });
    }
    const servers = new Set(entries.map(({ server }) => server));
    return summarize(
      entries.filter(({ isUnder }) => isUnder === undefined || !servers.has(isUnder)),
      nowMs,
      stacks,
    );
  }
}
