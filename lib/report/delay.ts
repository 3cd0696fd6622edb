import { performance as performanceOfNode } from 'node:perf_hooks';

/** Absent where another runtime imitates Node. The global `performance` may be that of a test environment, as of jsdom. */
const nodeTiming: { readonly idleTime: number } | undefined = performanceOfNode.nodeTiming;

/** For how long, in ms, the event loop of this thread has waited for something to do. */
export const idleTimeMs = (): number => nodeTiming?.idleTime ?? 0;

/**
 * Returns for how long, in ms, the thread has not waited since a moment.
 *
 * @param idleMs - what `idleTimeMs()` was at that moment
 */
export const busyTimeMs = (sinceMs: number, idleMs: number): number =>
  performance.now() - sinceMs - (idleTimeMs() - idleMs);

/** Why a timeout was noticed late: other code ran, the process did not run, or a debugger has paused it. */
export type DelayReason = 'blocked' | 'suspended' | 'debugged';

/**
 * Explains a delay.
 *
 * @param busyMs - for how long the thread has been busy, since some time before the delay
 */
export function explainDelay(delayMs: number, busyMs: number): DelayReason {
  if (isDebugged()) return 'debugged';
  // A loop that waits is not blocked: a process that is frozen meanwhile finds that it has waited for long.
  return busyMs < delayMs / 2 ? 'suspended' : 'blocked';
}

/** @see https://nodejs.org/api/inspector.html#inspectorurl */
function isDebugged(): boolean {
  // Not imported, and not asked before there is a delay: to load it takes time.
  return process.features.inspector && process.getBuiltinModule?.('node:inspector').url() !== undefined;
}
