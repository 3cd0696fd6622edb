import type { Session } from 'node:inspector';
import { shared } from '../shared.js';
import { findObstacle } from './node/async-stack.js';
import { canMend } from './node/event-loop-mending.js';
import { TimerLists } from './node/timer-lists.js';
import { NO_WATCHDOG, type Watchdog } from './watchdog.js';
import { ThreadWatchdog } from './watched-thread.js';

/** Starts the watchdog of this thread, or returns the running one. If it cannot start, warns once and returns `NO_WATCHDOG`. */
export const startWatchdog = (warn: (reason: string) => void): Watchdog =>
  shared('watchdog', () => create(warn));

function create(warn: (reason: string) => void): Watchdog {
  const warned = new Set<string>();
  const warnOnce = (reason: string): void => {
    if (!warned.has(reason)) warn(reason);
    warned.add(reason);
  };
  try {
    if (!process.features.inspector) throw new Error('this Node has been built without inspector');
    // The watchdog calls what it finds in Node's own context. Not imported, so that only `preempt` pays for these.
    const { runInThisContext } = process.getBuiltinModule('node:vm');
    if (runInThisContext('globalThis') !== globalThis) {
      throw new Error('this code runs in a context of its own, as tests in Jest do');
    }
    const { Worker, threadId } = process.getBuiltinModule('node:worker_threads');
    const { Session } = process.getBuiltinModule('node:inspector');
    const timerLists = canMend() ? findTimerLists(new Session()) : undefined;
    if (!timerLists) throw new Error('this Node keeps its timers and immediates in another way');
    const obstacle = findObstacle();
    if (obstacle !== undefined) throw new Error(obstacle);
    const watchdog = new ThreadWatchdog({ Worker, Session, threadId, timerLists }, warnOnce);
    if (hasPartOfCpu()) watchdog.getReady();
    return watchdog;
  } catch (error) {
    warnOnce((error as Error).message);
  }
  return NO_WATCHDOG;
}

function findTimerLists(session: Session): TimerLists | undefined {
  session.connect();
  try {
    return TimerLists.find(session);
  } finally {
    session.disconnect();
  }
}

/**
 * Whether the function will have less than a whole CPU after its init phase.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
 */
export function hasPartOfCpu(): boolean {
  const { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: megabytes } = process.env;
  return Number(megabytes) < 1769;
}
