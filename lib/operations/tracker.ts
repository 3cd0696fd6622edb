import { subscribe } from 'node:diagnostics_channel';
import { attempted } from './attempted.js';
import { openConnections } from './open-connections.js';
import type { Begun, Circumstances, Describe, Entry, Operations } from './operations.js';

/** Emits `close` when it has ended. */
export interface Closable {
  once(event: 'close', listener: () => void): unknown;
}

/** An attempt, and what it notes; undefined once its deadline has come. */
export interface Tracked {
  readonly operations: Operations | undefined;
}

/** Notes what is told on Node's diagnostics channels in the operations of the attempt whose code tells it. */
export class Tracker {
  /** Finds the attempt whose code is running. */
  attempt: () => Tracked | undefined;
  /** Who has begun each operation. Its end may be told in the context of a connection that another attempt has opened. */
  readonly #owners = new WeakMap<object, Operations>();

  constructor(attempt: () => Tracked | undefined) {
    this.attempt = attempt;
  }

  /** Finds the operations of the attempt whose code is running. */
  current(): Operations | undefined {
    return this.attempt()?.operations;
  }

  /** Whether code of no invocation is running, such as that of a module. */
  get isOutside(): boolean {
    return this.attempt() === undefined;
  }

  /**
   * Listens to a channel. Nothing that the subscriber throws reaches the code that publishes, or ends the process: a message
   * can be of any shape.
   *
   * @param subscriber - gets the message, and the function at whose caller the stack of the publisher begins
   */
  listen<Message>(channel: string, subscriber: (message: Message, below: Entry) => void): void {
    const guarded = (message: unknown): void => attempted(() => subscriber(message as Message, guarded));
    subscribe(channel, guarded);
  }

  /** Notes an operation, if an attempt has begun it. */
  begin(subject: object, describe: Describe, below: Entry): boolean {
    return this.#beginIn(this.current(), subject, describe, below);
  }

  /** Whether somebody may want to know of a command that begins now. */
  get isWanted(): boolean {
    return openConnections.only !== undefined || this.current() !== undefined;
  }

  /** Whether the code that is running belongs to the only invocation that there is. Asked only if something is wanted. */
  get isAlone(): boolean {
    return this.current()?.invocation === openConnections.only;
  }

  /** Notes an operation that has waited in a queue of its client. It belongs to the only invocation, if there is one. */
  beginWaited(subject: object, describe: Describe): void {
    const only = openConnections.only as Operations | undefined;
    if (!only) return;
    this.#owners.set(subject, only);
    only.note(subject, { describe, atMs: performance.now(), trace: {} }); // no line of the user is on the stack
  }

  /** Notes that a driver connects. */
  beginConnect(subject: object, describe: Describe, below: Entry): void {
    this.#beginIn(this.current(), subject, describe, below, { isConnect: true });
  }

  /**
   * Notes a command of a driver, which may have had to wait in a queue of the driver: then it begins when the connection is
   * open, in the context of whoever has opened that. If that is nobody, it belongs to the only invocation that there is.
   *
   * @param after - an operation that has ended, and whose callback begins this one
   */
  beginCommand(subject: object, describe: Describe, below: Entry, after?: Taken): void {
    const operations = after?.operations ?? this.current();
    const earlier = after?.begun.trace ?? operations?.lastConnect;
    if (this.#beginIn(operations, subject, describe, below, { earlier })) return;
    const only = openConnections.only as Operations | undefined;
    this.#beginIn(only, subject, describe, below, { isQueued: true, isOutside: this.isOutside });
  }

  #beginIn(
    operations: Operations | undefined,
    subject: object,
    describe: Describe,
    below: Entry,
    how?: Circumstances,
  ): boolean {
    if (!operations?.isOpen) return false;
    this.#owners.set(subject, operations);
    operations.begin(subject, describe, below, how);
    return true;
  }

  /** Notes an operation until it is closed. */
  beginUntilClose(subject: Closable, describe: Describe, below: Entry): void {
    if (this.begin(subject, describe, below)) subject.once('close', () => this.end(subject));
  }

  /** Notes that the head of an answer has come. */
  answer(subject: object): void {
    const begun = this.#owners.get(subject)?.find(subject);
    if (begun) begun.isAnswered = true;
  }

  end(subject: object): void {
    this.#owners.get(subject)?.end(subject);
    this.#owners.delete(subject);
  }

  /** Ends an operation, and tells who has begun it, and how. */
  take(subject: object): Taken | undefined {
    const operations = this.#owners.get(subject);
    const begun = operations?.find(subject);
    this.end(subject);
    return operations && begun && { operations, begun };
  }

  /** Notes an operation that goes on from one that was taken: as old, begun by the same line. */
  goOn(subject: object, { operations, begun }: Taken, describe: Describe): void {
    this.#owners.set(subject, operations);
    operations.note(subject, { ...begun, describe });
  }
}

/** An operation that has ended. */
export interface Taken {
  readonly operations: Operations;
  readonly begun: Begun;
}
