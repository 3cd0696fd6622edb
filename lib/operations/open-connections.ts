import type { Socket } from 'node:net';
import type { Description } from '../report/pending-operations.js';
import { onceAThread } from '../shared.js';
import { attempted } from './attempted.js';

/**
 * Describes a connection; undefined if it is not a client's own, or is closed.
 *
 * @param receivedBefore - how much had come over it when the invocation began
 */
export type DescribeConnection = (receivedBefore: number) => Description | undefined;

/** An open connection, and how far it was when the invocation in flight began. */
interface OpenConnection {
  readonly describe: DescribeConnection;
  /** When the invocation began, or it was opened, on the clock of `performance.now()`. */
  atMs: number;
  sentBefore: number;
  receivedBefore: number;
}

/** A connection over which something was sent. */
export interface UsedConnection extends Description {
  readonly socket: Socket;
  readonly atMs: number;
}

/**
 * The open connections of the thread, whoever has opened them, and how many invocations are in flight. While there is only
 * one, what is sent over a connection is sent by that one.
 *
 * Node keeps an open socket in memory anyway. One that has closed leaves.
 */
class OpenConnections {
  readonly #open = new Map<Socket, OpenConnection>();
  #inFlight = 0;
  /** What stands for the invocation that has been the only one in flight since it began, if there is one. */
  only: object | undefined;

  add(socket: Socket, describe: DescribeConnection): void {
    this.#open.set(socket, { describe, atMs: performance.now(), sentBefore: 0, receivedBefore: 0 });
  }

  remove(socket: Socket): void {
    this.#open.delete(socket);
  }

  /** Notes that an invocation begins. */
  enter(invocation: object): void {
    const isOnly = this.#inFlight++ === 0;
    this.only = isOnly ? invocation : undefined;
    if (isOnly && this.#open.size > 0) attempted(() => this.#measure());
  }

  leave(): void {
    if (--this.#inFlight === 0) this.only = undefined;
  }

  #measure(): void {
    const now = performance.now();
    for (const [socket, connection] of this.#open) {
      connection.atMs = now;
      connection.sentBefore = socket.bytesWritten;
      connection.receivedBefore = socket.bytesRead;
      // Whoever removes all listeners of a socket has removed ours too.
      if (socket.destroyed) this.#open.delete(socket);
    }
  }

  /** Lists the connections over which an invocation has sent something; none if it was not alone all the time. */
  usedBy(invocation: object): UsedConnection[] {
    if (invocation !== this.only) return [];
    const used: UsedConnection[] = [];
    for (const [socket, { describe, atMs, sentBefore, receivedBefore }] of this.#open) {
      const description = attempted(() =>
        socket.bytesWritten > sentBefore ? describe(receivedBefore) : undefined,
      );
      if (description) used.push({ ...description, socket, atMs });
    }
    return used;
  }
}

export const openConnections = onceAThread('connections', () => new OpenConnections());
