import type { Session } from 'node:inspector';
import { partOfCpu } from '../report/function-size.js';
import { ASK_FOR_ANOTHER } from '../report/logger.js';
import { sharedByCopies } from '../shared.js';
import { findEndCalls } from './node/calls-under-way.js';
import { canFinishCallbacks } from './node/interrupted-callbacks.js';
import { NO_WATCHDOG, type Watchdog } from './watchdog.js';
import { ThreadWatchdog } from './watched-thread.js';

/** Logs a warning: what is wrong, and a detail. */
type Warn = (problem: string, detail: string) => void;

/**
 * Starts the watchdog of this thread, or returns the running one. If it cannot start, warns once and returns `NO_WATCHDOG`.
 *
 * @param name - of the handler, for the warning
 */
export const startWatchdog = (name: string, warn: Warn): Watchdog =>
  sharedByCopies('watchdog', () => create(name, once(warn)));

function create(name: string, warn: Warn): Watchdog {
  const onObstacle = (reason: string): void =>
    warn(`${name} cannot be preempted, but its timeout still works`, reason);
  const onDamage = (part: string): void =>
    warn(`An interruption has damaged this environment: ${part} no longer works`, ASK_FOR_ANOTHER);
  try {
    const foreign = findForeignPlatform();
    if (foreign !== undefined) throw new Error(foreign);
    // The watchdog calls what it finds in Node's own context. Not imported, so that only `preempt` pays for these.
    const { runInThisContext } = process.getBuiltinModule('node:vm');
    if (runInThisContext('globalThis') !== globalThis) {
      throw new Error('this code runs in a context of its own, as tests in Jest do');
    }
    const { Worker, threadId } = process.getBuiltinModule('node:worker_threads');
    const { Session, url } = process.getBuiltinModule('node:inspector');
    if (!canFinishCallbacks()) throw new Error('this Node keeps its immediates in another way');
    const endCalls = withSession(new Session(), findEndCalls);
    if (!endCalls) throw new Error('this Node keeps its async hooks in another way');
    const tools = { Worker, Session, url, threadId, endCalls, isAlone: isOrdinaryLambda() };
    const watchdog = new ThreadWatchdog(tools, { onObstacle, onDamage });
    // Its start must not fall into the first share of the CPU.
    if (partOfCpu() < 1) watchdog.getReady();
    return watchdog;
  } catch (error) {
    onObstacle((error as Error).message);
  }
  return NO_WATCHDOG;
}

/** Warns once of each thing. */
function once(warn: Warn): Warn {
  const warned = new Set<string>();
  return (problem, detail) => {
    const text = `${problem}: ${detail}`;
    if (!warned.has(text)) warn(problem, detail);
    warned.add(text);
  };
}

function withSession<Result>(session: Session, use: (session: Session) => Result): Result {
  session.connect();
  try {
    return use(session);
  } finally {
    session.disconnect();
  }
}

/** Why this is not Node as it comes; undefined if it is. */
function findForeignPlatform(): string | undefined {
  const platform = Object.keys(process.versions).find((name) => name === 'bun' || name === 'deno');
  if (platform !== undefined) return `${platform} has no way to do it, only Node has`;
  if (!process.features.inspector) return 'this Node has been built without inspector';
  if ('Zone' in globalThis) return `zone.js has replaced the timers of Node; import this package first`;
  if ('clock' in setTimeout || 'clock' in setImmediate) {
    return 'fake timers are on; import this package before they are';
  }
  return undefined;
}

/** Whether Lambda gives this process one event at a time, so that nothing else can be under way beside an invocation. */
function isOrdinaryLambda(): boolean {
  const { AWS_LAMBDA_RUNTIME_API: api, AWS_LAMBDA_MAX_CONCURRENCY: concurrency } = process.env;
  return api !== undefined && concurrency === undefined;
}
