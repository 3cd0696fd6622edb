/**
 * Interrupts one immediate or timer, and mends it. Prints what runs afterwards as a line of JSON. The argument names the
 * scenario. No watchdog takes part: the code interrupts itself, so each scenario is the same in every run.
 */
import { Session } from 'node:inspector';
import { mend } from '../../lib/watchdog/node/event-loop-mending.js';
import { TimerLists } from '../../lib/watchdog/node/timer-lists.js';
import { type Batch, batches, type MendingReport } from './mending.js';

const ran: string[] = [];
const run = (name: string) => (): void => void ran.push(name);

/**
 * Ends the callback that calls this function, as the watchdog does: Node then skips all that it does after a callback.
 *
 * @param next - is called as soon as the resource has been mended, before anything else runs
 */
function interrupt(resource: object, next: () => void = () => {}): void {
  endAtNextCall(() => {
    mend(resource);
    next();
  });
  for (;;);
}

function endAtNextCall(onEnded: () => void): void {
  ran.push('interrupted');
  emptyAsyncStack();
  const session = new Session();
  session.connect();
  const lists = TimerLists.find(session);
  // This call must be the last one, because V8 ends the code at the next call of a function.
  session.post('Runtime.terminateExecution', () => {
    session.disconnect();
    onEnded();
    lists?.mend();
  });
}

/** Node aborts the process if an interrupted callback has left its ids on this stack. */
function emptyAsyncStack(): void {
  process.setUncaughtExceptionCaptureCallback(() => {});
  (process as unknown as FatalException)._fatalException(new Error('interrupted'), false);
  process.setUncaughtExceptionCaptureCallback(null);
}

interface FatalException {
  readonly _fatalException: (error: Error, fromPromise: boolean) => boolean;
}

/** Sets immediates of the same turn, and interrupts one of them. */
function interruptImmediate({ before, behind, clears = [] }: Batch): void {
  for (let index = 0; index < before; index++) setImmediate(run(`before ${index}`));
  const interrupted = setImmediate(() =>
    interrupt(interrupted, () => {
      setImmediate(run('next'));
      for (const index of clears) clearImmediate(immediatesBehind[index]);
    }),
  );
  const immediatesBehind = Array.from({ length: behind }, (_, index) => setImmediate(run(`behind ${index}`)));
  // A single immediate runs later only if Node's count of immediates is still correct.
  setTimeout(() => setImmediate(run('later')), 50);
}

const scenarios: Record<string, () => void> = {
  'a timer'() {
    const interrupted = setTimeout(() => interrupt(interrupted), 5);
    setTimeout(run('of the same time'), 5);
    setTimeout(run('later'), 50);
  },

  /** Interrupts Node while it sets up the first timer of a duration. */
  'the start of a timer'() {
    // Node sets this property of each new list. It then knows the list, but has not yet put it into its queue.
    Object.defineProperty(Object.prototype, 'priorityQueuePosition', {
      configurable: true,
      set() {
        Reflect.deleteProperty(Object.prototype, 'priorityQueuePosition');
        endAtNextCall(() => setTimeout(run('of the same duration'), 33));
      },
    });
    setTimeout(run('interrupted itself'), 33);
  },

  /** Interrupts Node while it clears an immediate that is the first of its turn. */
  'the clearing of an immediate'() {
    const callback = run('cleared');
    const cleared = setImmediate(callback);
    // Node sets this property of an immediate that it clears, and then takes the immediate out of its queue.
    Object.defineProperty(cleared, '_onImmediate', {
      get: () => callback,
      set: () => endAtNextCall(() => setImmediate(run('next'))),
    });
    clearImmediate(cleared);
  },

  'an interval'() {
    const interrupted = setInterval(() => interrupt(interrupted), 5);
    setTimeout(run('later'), 50);
  },
};
for (const [name, batch] of Object.entries(batches)) scenarios[name] = () => interruptImmediate(batch);

process.once('exit', () => {
  const report: MendingReport = { ran, left: process.getActiveResourcesInfo() };
  console.log(JSON.stringify(report));
});
// In a turn of its own, so that there are no other immediates in it.
setTimeout(() => scenarios[process.argv[2] ?? '']?.(), 5);
