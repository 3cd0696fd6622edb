import { shared } from '../shared.js';
import { canMend } from './event-loop-mending.js';
import { findObstacle } from './interruption.js';
import { ThreadWatchdog } from './thread-watchdog.js';
import { NO_WATCHDOG, type Watchdog } from './watchdog.js';

/** Starts the watchdog of this thread, unless it has been; where that cannot be, says why, once, and does without. */
export const startWatchdog = (warn: (reason: string) => void): Watchdog =>
  shared('watchdog', () => create(warn));

function create(warn: (reason: string) => void): Watchdog {
  let warned = false;
  const warnOnce = (reason: string): void => {
    if (!warned) warn(reason);
    warned = true;
  };
  try {
    if (!process.features.inspector) throw new Error('this Node has been built without inspector');
    // The watchdog calls what it finds in Node's own context. Not imported: nobody else shall pay for these.
    const { runInThisContext } = process.getBuiltinModule('node:vm');
    if (runInThisContext('globalThis') !== globalThis) {
      throw new Error('this code runs in a context of its own, as tests in Jest do');
    }
    const { Worker, threadId } = process.getBuiltinModule('node:worker_threads');
    const { Session } = process.getBuiltinModule('node:inspector');
    const obstacle = canMend() ? findObstacle() : 'this Node keeps its timers and immediates in another way';
    if (obstacle === undefined) return new ThreadWatchdog({ Worker, Session, threadId }, warnOnce);
    warnOnce(obstacle);
  } catch (error) {
    warnOnce((error as Error).message);
  }
  return NO_WATCHDOG;
}
