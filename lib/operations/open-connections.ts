import type { Socket } from 'node:net';
import type { Description } from '../report/pending-operations.js';
import { onceAThread } from './once-a-thread.js';

/** Describes a connection; undefined if it is not a client's own, or is closed. */
export type DescribeConnection = () => Description | undefined;

/** An open connection, and how far it was when the invocation in flight began. */
interface OpenConnection {
  readonly describe: DescribeConnection;
  sentBefore: number;
  receivedBefore: number;
}

/** A connection over which something was sent. */
export interface UsedConnection extends Description {
  readonly socket: Socket;
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
  #begun = 0;
  /** When the only invocation in flight began, on the clock of `performance.now()`. */
  beganAtMs = 0;

  add(socket: Socket, describe: DescribeConnection): void {
    if (this.#open.has(socket)) return;
    this.#open.set(socket, { describe, sentBefore: 0, receivedBefore: 0 });
    socket.once('close', () => this.#open.delete(socket));
  }

  /** Notes that an invocation begins. Returns a number that stands for it. */
  enter(): number {
    if (this.#inFlight++ === 0 && this.#open.size > 0) this.#measure();
    return ++this.#begun;
  }

  leave(): void {
    this.#inFlight--;
  }

  #measure(): void {
    this.beganAtMs = performance.now();
    for (const [socket, connection] of this.#open) {
      connection.sentBefore = socket.bytesWritten;
      connection.receivedBefore = socket.bytesRead;
      // Whoever removes all listeners of a socket has removed ours too.
      if (socket.destroyed) this.#open.delete(socket);
    }
  }

  /** Lists the connections over which an invocation has sent something; none if it was not alone all the time. */
  usedBy(invocation: number): UsedConnection[] {
    if (this.#inFlight !== 1 || invocation !== this.#begun) return [];
    return [...this.#open].flatMap(([socket, { describe, sentBefore, receivedBefore }]) => {
      const description = socket.bytesWritten > sentBefore ? describe() : undefined;
      if (!description) return [];
      const hasAnswer = socket.bytesRead > receivedBefore;
      return [{ ...description, connection: hasAnswer ? 'maybe idle' : 'busy', socket }];
    });
  }
}

export type { OpenConnections };

export const openConnections = onceAThread('connections', () => new OpenConnections());
