import { sharedSymbol } from '../shared.js';

// The cells of the memory that the watched thread and the watchdog's thread share. Times are those of `realTimeMs()`.

/** Raised to wake the watchdog's thread. */
export const SEQUENCE = 0;
/** When the watched thread has to be looked at, unless it moves this before. */
export const DUE = 1;
/** Until when the watchdog's thread sleeps. It is woken only if something is due earlier. */
export const ASLEEP_UNTIL = 2;
/** 1 as soon as the watchdog's thread watches. */
export const READY = 3;
export const CELLS = 4;

/** Nothing is due. It is also the latest time that a cell can hold: 24 days, which is longer than environments live. */
export const NEVER = 2 ** 31 - 1;

/** The name under which the watched thread's global object holds the function that the watchdog's thread calls. */
export const LOOK: symbol = sharedSymbol('look');

/** What that function answers: whether to look again in a moment. */
export type Look = () => boolean;
