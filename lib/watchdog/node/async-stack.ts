import { type AsyncHook, createHook, executionAsyncResource } from 'node:async_hooks';
import { takeUncaughtErrors } from '../../process/uncaught-gate.js';

/** Why code cannot be interrupted on this Node, at this moment; undefined if it can. */
export function findObstacle(): string | undefined {
  if (typeof fatalException() !== 'function') return 'this Node has no `process._fatalException`';
  if (process.hasUncaughtExceptionCaptureCallback()) return 'an uncaught-exception capture callback is set';
  return undefined;
}

/**
 * Empties Node's stack of async ids, as Node does when it has caught an exception. Code that is terminated leaves it
 * as it is, and Node would abort the process when it next looks at it. Node has no public function for this.
 *
 * @returns the async resources in whose callbacks the code was running, the innermost one first
 */
export function clearAsyncStack(): object[] {
  const resources: object[] = [];
  onAfter = () => resources.push(executionAsyncResource());
  // One for all calls: if a call is ended half-way, the next one disables it.
  hook ??= createHook({ after: () => onAfter() });
  hook.enable();
  const interrupted = new Error('interrupted');
  // Crash reporters would take it for a crash.
  const stopTaking = takeUncaughtErrors((_, error) => error === interrupted);
  try {
    fatalException()?.(interrupted, false);
  } finally {
    stopTaking();
    hook.disable();
  }
  return resources;
}

let hook: AsyncHook | undefined;
let onAfter: () => void;

type FatalException = (error: Error, fromPromise: boolean) => void;

const fatalException = () => (process as { _fatalException?: FatalException })._fatalException?.bind(process);
