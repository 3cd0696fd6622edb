/**
 * Leaves one error uncaught. Prints which listeners receive it, which warnings are logged, and `survived` if the process
 * goes on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from './uncaught.js';

const { before, whose, kind, listened }: Scenario = JSON.parse(process.argv[2] ?? '');

// A stack would show whether the package is among the callers.
Error.stackTraceLimit = 0;

for (const event of listened) process.on(event, (reason: unknown) => console.log(`${event}: ${reason}`));

function strike(): void {
  if (kind === 'exception') throw new Error('stray');
  void Promise.reject(new Error('stray'));
}

const MARGIN_MS = 60_000;
const IN_TIME_MS = 60_000;
const DEADLINE_MS = 20;
/** Is after the deadline of an invocation that times out. */
const STRIKE_MS = 40;
const END_MS = 40;

let isDue = false;
if (whose === 'module-level code') {
  const interval = setInterval(() => {
    if (!isDue) return;
    clearInterval(interval);
    strike();
  }, 1);
}

const { GracefulTimeout } =
  before === 'no package' ? { GracefulTimeout: () => () => {} } : await import('lambda-graceful-timeout');

const logger = { error() {}, warn: (message: string) => console.log(`warned: ${message}`) };

class Orders {
  @GracefulTimeout({ marginMs: MARGIN_MS, logger })
  async handler(work: () => unknown, _context: object): Promise<void> {
    await work();
  }
}
const orders = new Orders();

function invoke(work: () => unknown, deadlineMs = IN_TIME_MS): Promise<void> {
  const hardDeadlineMs = performance.now() + MARGIN_MS + deadlineMs;
  return orders.handler(work, {
    awsRequestId: 'its-request',
    getRemainingTimeInMillis: () => hardDeadlineMs - performance.now(),
  });
}

const timeOut = (work: () => unknown): Promise<void> =>
  invoke(() => {
    work();
    return new Promise(() => {});
  }, DEADLINE_MS).catch(() => {});

if (before === 'a timeout') await timeOut(() => {});
switch (whose) {
  case 'module-level code':
    isDue = true;
    break;
  case 'code outside an invocation':
    setTimeout(strike, 1);
    break;
  case 'an invocation in time, in its course':
    await invoke(async () => {
      setTimeout(strike, 1);
      await sleep(2);
    });
    break;
  case 'an invocation in time, after its end':
    await invoke(() => setTimeout(strike, 1));
    break;
  case 'an abandoned invocation':
    await timeOut(() => setTimeout(strike, STRIKE_MS));
}
await sleep(END_MS);
console.log('survived');
