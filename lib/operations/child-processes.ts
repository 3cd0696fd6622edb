import type { ChildProcess } from 'node:child_process';
import type { Description } from '../report/pending-operations.js';
import type { Tracker } from './tracker.js';

/** Notes child processes by the name of their program. */
export function trackChildProcesses(tracker: Tracker): void {
  tracker.listen<{ process: ChildProcess }>('child_process', ({ process: child }, below) => {
    tracker.beginUntilClose(child, () => describe(child), below);
  });
}

function describe({ pid, spawnfile }: ChildProcess): Description | undefined {
  return pid === undefined ? undefined : { operation: `child process ${spawnfile.split(/[\\/]/).at(-1)}` };
}
