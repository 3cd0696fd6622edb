/** Times out while something prevents preemption, and prints the result as JSON. */
import { once } from 'node:events';
import inspector from 'node:inspector';
import vm from 'node:vm';
import { Worker } from 'node:worker_threads';
import type { LambdaTimeoutError } from 'lambda-graceful-timeout';

const scenario = process.argv[2] ?? '';
const { setImmediate } = globalThis;

const sabotage: Record<string, () => void> = {
  'no inspector': () => Object.defineProperty(process.features, 'inspector', { value: false }),
  'a context of its own': () => {
    vm.runInThisContext = () => ({});
  },
  'other immediates': () => {
    globalThis.setImmediate = ((callback: () => void) => {
      setImmediate(callback);
      return { unref: () => ({}) };
    }) as unknown as typeof setImmediate;
  },
  'other hooks': () => {
    const { post } = inspector.Session.prototype;
    Object.assign(inspector.Session.prototype, {
      post(this: inspector.Session, method: string, ...args: never[]): void {
        if (method !== 'Runtime.getProperties') Reflect.apply(post, this, [method, ...args]);
      },
    });
  },
  'zone.js': () => Object.assign(globalThis, { Zone: {} }),
  'fake timers': () => Object.assign(setTimeout, { clock: {} }),
  Bun: () => Object.defineProperty(process, 'versions', { value: { ...process.versions, bun: '1.3.0' } }),
};
sabotage[scenario]?.();

const { currentDeadline, Finally, GracefulTimeout } = await import('lambda-graceful-timeout');

// Code that can catch its timeout has called `currentDeadline()`. So it has grace, which is a part of the margin.
const MARGIN_MS = scenario === 'its timeout caught' ? 1000 : 15_000;

const warnings: string[] = [];
const logger = {
  error() {},
  warn: (message: string, detail: unknown) => void warnings.push(`${message}: ${detail}`),
};

const block = (ms: number, isOver = () => false): void => {
  const until = performance.now() + ms;
  while (performance.now() < until && !isOver());
};

/** Makes the call of the watchdog from another thread, while this one is idle. */
async function lookFromOutside(): Promise<void> {
  const source = `
    const { Session } = require('node:inspector');
    const session = new Session();
    session.connectToMainThread();
    const expression = 'globalThis[Symbol.for("lambda-graceful-timeout@2:look")]()';
    session.post('Runtime.evaluate', { expression }, () => process.exit()); // ends this thread only
  `;
  await once(new Worker(source, { eval: true }), 'exit');
}

class Orders {
  closed = 0;

  @GracefulTimeout({ marginMs: MARGIN_MS, preempt: true, logger })
  async handler(_event: unknown, _context: unknown): Promise<void> {
    if (scenario === 'its timeout caught') {
      const deadline = currentDeadline();
      block(60);
      try {
        deadline.throwIfExpired();
      } catch {
        block(60_000);
      }
    }
    await new Promise(() => {});
  }

  @GracefulTimeout({ marginMs: MARGIN_MS, preempt: true, logger })
  async other(_event: unknown, _context: unknown): Promise<void> {}

  @Finally
  protected close(): void {
    this.closed++;
  }
}

const heard: string[] = [];
process.on('uncaughtExceptionMonitor', () => heard.push('uncaughtExceptionMonitor'));

const orders = new Orders();
if (scenario === 'no clock') await orders.other({}, {});
if (scenario === 'a look at nothing') await lookFromOutside();
const hardDeadlineMs = performance.now() + MARGIN_MS + 50;
const context = { getRemainingTimeInMillis: () => hardDeadlineMs - performance.now() };
const { name, preempted } = await orders.handler({}, context).then(
  () => ({ name: 'none', preempted: false }),
  (error: LambdaTimeoutError) => error,
);
heard.push(`${process.listenerCount('uncaughtExceptionMonitor')} listener`);
console.log(JSON.stringify({ name, preempted, closed: orders.closed, warnings, heard }));
