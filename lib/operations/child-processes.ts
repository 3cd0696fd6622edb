import type { ChildProcess } from 'node:child_process';
import type { Description } from '../report/pending-operations.js';
import type { Tracker } from './tracker.js';

/** Notes child processes by the name of their program. */
export function trackChildProcesses(tracker: Tracker): void {
  tracker.listen<{ process: ChildProcess }>('child_process', ({ process: child }, below) => {
    tracker.beginUntilClose(child, () => describe(child), below);
  });
}

function describe({ pid, spawnfile, exitCode, signalCode }: ChildProcess): Description | undefined {
  if (pid === undefined) return undefined;
  // It closes once nothing holds its pipes any more: another process that it has started may.
  const isDone = (exitCode ?? signalCode) !== null;
  return { operation: `child process ${spawnfile.split(/[\\/]/).at(-1)}`, isDone };
}
