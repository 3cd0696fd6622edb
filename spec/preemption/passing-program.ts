/** Looks, as the watchdog's thread does, at code of no invocation while one is past its cut-off; prints after which looks it ended it. */
import { EventEmitter } from 'node:events';
import type { Session } from 'node:inspector';
import type { Worker } from 'node:worker_threads';
import { type AttemptState, type CurrentAttempt, NO_ATTEMPT } from '../../lib/deadline/current-attempt.js';
import { LOOK } from '../../lib/watchdog/thread-source.js';
import { ThreadWatchdog, type Tools } from '../../lib/watchdog/thread-watchdog.js';

let ended = 0;
const tools: Tools = {
  threadId: 0,
  Worker: class extends EventEmitter {
    unref(): void {}
  } as unknown as typeof Worker,
  Session: class {
    connect(): void {}
    post(): void {
      ended++;
    }
  } as unknown as typeof Session,
};
const watchdog = new ThreadWatchdog(tools, () => {});

const attemptUntil = (ms: number): CurrentAttempt & { state: AttemptState } => ({
  ...NO_ATTEMPT,
  isWatched: true,
  cutOffAtMs: performance.now() + ms,
});

function look(): number {
  (globalThis as unknown as Record<symbol, () => void>)[LOOK]?.();
  return ended;
}

watchdog.arm(attemptUntil(0));
const neighbour = attemptUntil(60_000);
watchdog.arm(neighbour);
const looks = [look(), look()];
// What follows passes on the neighbour's answer.
neighbour.state = 'ended';
watchdog.disarm(neighbour);
looks.push(look());
const next = attemptUntil(60_000);
watchdog.arm(next);
next.state = 'ended';
watchdog.disarm(next);
looks.push(look(), look());
console.log(JSON.stringify(looks));
