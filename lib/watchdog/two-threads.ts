// What the watched thread and the watching thread exchange. The build puts this into the text of the watching thread too.

/** What the watched thread gives to the watching one when it starts it. */
export interface WatchingThreadData {
  /** Of {@link CELLS} cells of 32 bits. */
  readonly memory: SharedArrayBuffer;
  /** When the time of the cells began, on the clock of `process.hrtime.bigint()`. */
  readonly zero: bigint;
  /** Of the watched thread; 0 is the main thread. */
  readonly threadId: number;
  /** What the watching thread makes the watched one evaluate. It answers with a {@link LookAnswer}. */
  readonly expression: string;
}

/** Whether to look again in a moment. */
export type LookAnswer = boolean;

// The cells. Times are in ms.

/** Raised to wake the watching thread. */
export const SEQUENCE = 0;
/** When the watched thread has to be looked at, unless it moves this before. */
export const DUE = 1;
/** Until when the watching thread sleeps. It is woken only if something is due earlier. */
export const ASLEEP_UNTIL = 2;
/** 1 as soon as the watching thread watches, 2 once it has looked. */
export const READY = 3;
/** 1 while the watching thread is connected to the watched one: a process that exits now would wait for it, and say so. */
export const CONNECTED = 4;
/** 1 while code on the watched thread is being ended: what ends a look then is likely that, and not a termination by others. */
export const INTERRUPTING = 5;
/** 1 once the watched thread has answered the last message. */
export const ANSWERED = 6;
export const CELLS = 7;

/** Nothing is due. It is also the latest time that a cell can hold: 24 days, which is longer than environments live. */
export const NEVER = 2 ** 31 - 1;
