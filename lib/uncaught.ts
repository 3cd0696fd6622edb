import { shared } from './shared.js';

/** Takes an error that nobody has caught. Returns `false` to leave the error to others. */
export type UncaughtTaker = (event: string, error: unknown, origin: unknown) => boolean;

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
 * is a listener, Node no longer ends the process for other errors. So a function replaces `process.emit`.
 *
 * @returns a function that stops this
 * @see https://nodejs.org/api/process.html#event-uncaughtexception
 */
export function takeUncaughtErrors(taker: UncaughtTaker): () => void {
  const takers = shared('uncaught-takers', replaceEmit);
  takers.add(taker);
  return () => takers.delete(taker);
}

function replaceEmit(): Set<UncaughtTaker> {
  const takers = new Set<UncaughtTaker>();
  const { emit } = process;
  process.emit = function (this: NodeJS.Process, ...event: [string, unknown, unknown]): boolean {
    if (EVENTS.has(event[0])) {
      for (const take of takers) if (take(...event)) return true;
    }
    return Reflect.apply(emit, this, event);
  } as typeof emit;
  return takers;
}
