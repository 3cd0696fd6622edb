/**
 * Blocks a handler several times, and prints for each how long it took from its cut-off to its first hook, as JSON. The
 * argument is the file of the package. Its init phase has a whole CPU: it ends with a line on stdin, as Lambda's does.
 */
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type * as Package from 'lambda-graceful-timeout';

const [file = '', runs] = process.argv.slice(2);
const { GracefulTimeout, OnTimeout } = (await import(file)) as typeof Package;
const MARGIN_MS = 10_000;

class Stuck {
  readonly delaysMs: number[] = [];

  @GracefulTimeout({ marginMs: MARGIN_MS, preempt: true, logger: { error() {}, warn: console.error } })
  async handler(_deadlineAtMs: number, _context: unknown): Promise<void> {
    for (;;);
  }

  @OnTimeout
  note(_error: unknown, deadlineAtMs: number): void {
    this.delaysMs.push(performance.now() - deadlineAtMs);
  }
}

const stuck = new Stuck();
console.log('ready');
const [timeMs] = await once(process.stdin.setEncoding('utf8'), 'data');
for (let run = 0; run < Number(runs); run++) {
  await wait(100);
  const deadlineAtMs = performance.now() + Number(timeMs);
  const context = { getRemainingTimeInMillis: () => deadlineAtMs + MARGIN_MS - performance.now() };
  await stuck.handler(deadlineAtMs, context).catch(() => {});
}
console.log(JSON.stringify(stuck.delaysMs));
process.exit();
