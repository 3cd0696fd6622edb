import { shared } from './shared.js';

/** Takes an error that nobody has caught, or leaves it to others: then it answers `false`. */
export type UncaughtTaker = (event: string, error: unknown, origin: unknown) => boolean;

/** The events by which Node tells of an error that nobody has caught. */
const EVENTS: ReadonlySet<unknown> = new Set([
  'uncaughtExceptionMonitor',
  'uncaughtException',
  'unhandledRejection',
]);

/**
 * Offers errors that nobody has caught to `taker` first. What it takes reaches no listener and does not end the process;
 * all other errors take their usual way.
 *
 * A listener cannot do this. Another listener, such as the runtime client's, would still hear of the error, and Node
 * does without its own handling where anybody listens. So one function stands in the place of `process.emit`.
 *
 * @returns what ends it
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
