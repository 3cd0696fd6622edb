/**
 * Interrupts one immediate or timer, and mends it. Prints what runs afterwards as a line of JSON. The argument names the
 * scenario. No watchdog takes part: the code interrupts itself, so each scenario is the same in every run.
 */
import { Session } from 'node:inspector';
import { finishCallback } from '../../lib/watchdog/node/interrupted-callbacks.js';
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
    finishCallback(resource);
    next();
  });
  for (;;);
}

function endAtNextCall(onEnded: () => void): void {
  ran.push('interrupted');
  emptyAsyncStack();
  const session = new Session();
  session.connect();
  // This call must be the last one, because V8 ends the code at the next call of a function.
  session.post('Runtime.terminateExecution', () => {
    session.disconnect();
    onEnded();
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
