/** Looks, as the watchdog's thread does, at code of no invocation while one has expired; prints after which looks it ended it. */
import { EventEmitter } from 'node:events';
import type { Session } from 'node:inspector';
import type { Worker } from 'node:worker_threads';
import { AttemptDeadline } from '../../lib/attempt-deadline.js';
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

const deadlineAfter = (ms: number): AttemptDeadline =>
  new AttemptDeadline(performance.now() + ms, { self: undefined, context: undefined }, () => {
    throw new Error('Nobody asks');
  });

function look(): number {
  (globalThis as unknown as Record<symbol, () => void>)[Symbol.for(LOOK)]?.();
  return ended;
}

watchdog.arm(deadlineAfter(0), () => {});
const neighbour = deadlineAfter(60_000);
watchdog.arm(neighbour, () => {});
const looks = [look(), look()];
// What follows passes on the neighbour's answer.
watchdog.disarm(neighbour, false);
looks.push(look());
const next = deadlineAfter(60_000);
watchdog.arm(next, () => {});
watchdog.disarm(next, false);
looks.push(look(), look());
console.log(JSON.stringify(looks));
