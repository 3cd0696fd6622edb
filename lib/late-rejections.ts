import { deadlineStorage } from './attempt-deadline.js';

type Listener = (reason: unknown) => void;

// On globalThis: two copies of this package with a listener each would take the other's for somebody else's.
const ABANDONED = Symbol.for('lambda-graceful-timeout:abandoned');
const shared = globalThis as { [ABANDONED]?: WeakMap<object, Listener> };

/**
 * Hears of the promises that abandoned code leaves rejected and unhandled: it may have been waiting for one when its
 * signal aborted them all. Node would end the process, and with it the hooks that are running.
 */
export function swallowRejectionsOf(deadline: object, onRejection: Listener): void {
  if (!shared[ABANDONED]) process.on('unhandledRejection', hear);
  shared[ABANDONED] ??= new WeakMap();
  shared[ABANDONED].set(deadline, onRejection);
}

function hear(reason: unknown): void {
  const deadline = deadlineStorage.getStore();
  const onRejection = deadline && shared[ABANDONED]?.get(deadline);
  if (onRejection) onRejection(reason);
  // As Node does with a rejection that nobody listens for.
  else if (process.listenerCount('unhandledRejection') === 1) throw reason;
}
