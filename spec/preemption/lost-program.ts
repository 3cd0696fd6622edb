/** Watches this thread as if it were a worker thread that the inspector does not know, and blocks it for a while. */
import { Session, url } from 'node:inspector';
import { Worker } from 'node:worker_threads';
import { type CurrentAttempt, NO_ATTEMPT } from '../../lib/deadline/current-attempt.js';
import { ThreadWatchdog } from '../../lib/watchdog/watched-thread.js';

const watchdog = new ThreadWatchdog(
  { Worker, Session, url, threadId: 12_345, endCalls: () => [], isAlone: false },
  { onObstacle: console.error, onDamage: console.error },
);
watchdog.getReady();
const attempt: CurrentAttempt = { ...NO_ATTEMPT, isWatched: true, cutOffAtMs: performance.now() };
watchdog.arm(attempt);
const before = process.cpuUsage();
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
const { user, system } = process.cpuUsage(before);
watchdog.disarm(attempt);
console.log(JSON.stringify({ cpuMs: (user + system) / 1000 }));
