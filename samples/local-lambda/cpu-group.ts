import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The period of a share. A group that has used up its share waits for the next period. */
const PERIOD_US = 20_000;
/** The parent of all groups of the local Lambda, so that a user can get the right to write this one only. */
const PARENT = 'local-lambda';
/** If others want the CPU too, the parent counts as this many processes, so that no function waits for them. */
const WEIGHT = 10;

let created = 0;

/**
 * Processes that together have a share of the CPU: a cgroup of Linux, of version 1 or 2.
 *
 * @see https://docs.kernel.org/scheduler/sched-bwc.html
 */
export class CpuGroup {
  readonly folder: string;
  readonly #isVersion2: boolean;

  /**
   * @param root - the root of the file system, for specs
   * @throws Error if there are no cgroups, or if this process cannot make one
   */
  constructor(root = '/') {
    const { parent, isVersion2 } = findParent(root);
    created += 1;
    removeLeftOvers(parent);
    this.folder = join(parent, `${process.pid}-${created}`);
    this.#isVersion2 = isVersion2;
    mkdirSync(this.folder);
  }

  add(processId: number): void {
    this.#write('cgroup.procs', processId);
  }

  /** @param cpus - 0.5 is half a CPU, 2 are two */
  limit(cpus: number): void {
    const quotaUs = Math.round(cpus * PERIOD_US);
    if (this.#isVersion2) {
      this.#write('cpu.max', `${quotaUs} ${PERIOD_US}`);
    } else {
      this.#write('cpu.cfs_period_us', PERIOD_US);
      this.#write('cpu.cfs_quota_us', quotaUs);
    }
  }

  /** Removes the group if all its processes have ended. Otherwise it stays. */
  remove(): void {
    removeIfEmpty(this.folder);
  }

  #write(file: string, value: string | number): void {
    writeFileSync(join(this.folder, file), String(value));
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // A child process of the handler is still running.
  }
}

/** Removes the groups of programs that were killed before they could do so themselves. */
function removeLeftOvers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const owner = /^(\d+)-\d+$/.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) removeIfEmpty(join(parent, name));
  }
}

function isAlive(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

let hasWarned = false;

/**
 * Whether this machine can limit the CPU of a process. If not, a warning says so, once.
 *
 * @throws Error if it cannot and `CPU_SHARE` in the environment is `required`
 */
export function canLimitCpu(root = '/'): boolean {
  try {
    const group = new CpuGroup(root);
    group.limit(1);
    group.remove();
    return true;
  } catch (error) {
    const { CPU_SHARE: share } = process.env;
    const message = `The local Lambda cannot limit the CPU here: ${error instanceof Error ? error.message : error}`;
    if (share === 'required') throw new Error(message, { cause: error });
    if (!hasWarned)
      console.warn(
        `${message}. Every function has all of it, whatever its memory. Run as root on Linux to limit it; CONTRIBUTING.md tells what else does.`,
      );
    hasWarned = true;
    return false;
  }
}

/** Finds or makes the parent of the groups of the local Lambda. */
function findParent(root: string): { readonly parent: string; readonly isVersion2: boolean } {
  const mounts = readFileSync(join(root, 'proc/self/mounts'), 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  for (const [, folder = '', type, options = ''] of mounts) {
    if (type !== 'cgroup' || !options.split(',').includes('cpu')) continue;
    const parent = join(root, folder, ownGroup(root), PARENT);
    mkdirSync(parent, { recursive: true });
    writeFileSync(join(parent, 'cpu.shares'), String(1024 * WEIGHT));
    return { parent, isVersion2: false };
  }
  for (const [, folder = '', type] of mounts) {
    if (type !== 'cgroup2') continue;
    // Not below the group of this process: only the root group can contain both processes and groups with limits.
    const top = join(root, folder);
    const parent = join(top, PARENT);
    passOnCpu(top);
    mkdirSync(parent, { recursive: true });
    passOnCpu(parent);
    writeFileSync(join(parent, 'cpu.weight'), String(100 * WEIGHT));
    return { parent, isVersion2: true };
  }
  throw new Error('there are no cgroups');
}

/** The path of this process's own group in the hierarchy of the CPU, if there is one of version 1. */
function ownGroup(root: string): string {
  const groups = readFileSync(join(root, 'proc/self/cgroup'), 'utf8');
  return /^\d+:(?:[^:]*,)?cpu(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1] ?? '';
}

/** Allows the groups in a group to limit the CPU. */
function passOnCpu(folder: string): void {
  const file = join(folder, 'cgroup.subtree_control');
  if (!readFileSync(file, 'utf8').split(/\s/).includes('cpu')) writeFileSync(file, '+cpu');
}
