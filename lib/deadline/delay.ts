const { nodeTiming } = performance;

/** For how long, in ms, the event loop of this thread has waited for something to do. */
export const idleTimeMs = (): number => nodeTiming.idleTime;

/** Why a timeout was noticed late: other code ran, the process did not run, or a debugger has paused it. */
export type DelayReason = 'blocked' | 'suspended' | 'debugged';

/**
 * Explains a delay from `dueAtMs` until now.
 *
 * @param sinceMs - an earlier moment
 * @param idleMs - what `idleTimeMs()` was at that moment
 */
export function explainDelay(dueAtMs: number, sinceMs: number, idleMs: number): DelayReason {
  if (isDebugged()) return 'debugged';
  const now = performance.now();
  const busyMs = now - sinceMs - (idleTimeMs() - idleMs);
  // A loop that waits is not blocked: a process that is frozen meanwhile finds that it has waited for long.
  return busyMs < (now - dueAtMs) / 2 ? 'suspended' : 'blocked';
}

/** @see https://nodejs.org/api/inspector.html#inspectorurl */
function isDebugged(): boolean {
  // Not imported, and not asked before there is a delay: to load it takes time.
  return process.features.inspector && process.getBuiltinModule?.('node:inspector').url() !== undefined;
}
