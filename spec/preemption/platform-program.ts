/** Blocks a handler in the situation that its argument names, and prints a report as a line of JSON. */
import { execFileSync } from 'node:child_process';
import { pbkdf2Sync } from 'node:crypto';
import { url } from 'node:inspector';
import { Finally, GracefulTimeout, type LambdaTimeoutError } from 'lambda-graceful-timeout';
import { useFakeTimers } from 'sinon';
import { FakeContext } from '../support/context.js';
import { gate } from '../support/gate.js';
import { loop } from './blocks.js';

const MARGIN_MS = 2000;

let threads = 0;
process.on('worker', () => threads++);

class Tasks {
  hooks = 0;

  @GracefulTimeout({ marginMs: MARGIN_MS, preempt: true, logger: { error() {}, warn: console.error } })
  async handler(work: () => unknown, _context: unknown): Promise<unknown> {
    return work();
  }

  @Finally
  protected close(): void {
    this.hooks++;
  }
}

class OtherTasks extends Tasks {
  @GracefulTimeout({ marginMs: MARGIN_MS, preempt: true })
  async other(work: () => unknown, _context: unknown): Promise<unknown> {
    return work();
  }
}

const tasks = new OtherTasks();

/** Invokes a handler that does this work and has this much time until its deadline. Returns how it ended. */
const invoke = (timeMs: number, work: () => unknown): Promise<unknown> =>
  tasks
    .handler(work, new FakeContext(timeMs + MARGIN_MS))
    .catch(({ name, preempted, blockedAt = '' }: LambdaTimeoutError) => ({
      name,
      preempted,
      blockedAt: blockedAt.split('\n').map((frame) => frame.split(/ [([]/)[0]),
    }));

/** Waits as at a breakpoint, past the deadline and past the margin's first half. */
function pause(): Promise<never> {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  return new Promise(() => {});
}

/** Blocks in a native call, in a function that has a `catch` and a `finally` block. */
async function blockNatively(call: () => void): Promise<unknown> {
  const ran: string[] = [];
  const blocked = await invoke(100, () => {
    try {
      call();
      loop();
    } catch {
      ran.push('catch');
    } finally {
      ran.push('finally');
    }
  });
  return { blocked, ran, next: await invoke(5000, () => 'served') };
}

const scenarios: Record<string, () => Promise<unknown>> = {
  async 'a debugger that listens'() {
    return { blocked: await invoke(100, pause), again: await invoke(100, pause) };
  },

  async 'listeners of crashes'() {
    const heard: string[] = [];
    for (const event of ['uncaughtException', 'uncaughtExceptionMonitor']) {
      process.on(event, () => heard.push(event));
      process.once(event, () => heard.push(event));
    }
    const blocked = await invoke(100, loop);
    const heardOfThat = [...heard];
    for (const message of ['a true one', 'another one']) {
      process.emit('uncaughtExceptionMonitor', new Error(message));
      process.emit('uncaughtException', new Error(message));
    }
    return { blocked, heardOfThat, heard };
  },

  async 'two classes'() {
    const other = await tasks.other(() => 'done', new FakeContext(MARGIN_MS + 5000));
    return { other, threads, port: url() };
  },

  async 'fake timers'() {
    const clock = useFakeTimers();
    const begun = gate();
    const work = () => {
      begun.open();
      return new Promise(() => {});
    };
    const invoked = tasks
      .handler(work, { getRemainingTimeInMillis: () => MARGIN_MS + 60_000 })
      .catch(({ name, preempted, elapsedMs }: LambdaTimeoutError) => ({ name, preempted, elapsedMs }));
    await begun.opened;
    await clock.tickAsync(60_000);
    const outcome = await invoked;
    const timers = clock.countTimers();
    clock.restore();
    return { outcome, timers, hooks: tasks.hooks, blocked: await invoke(100, loop) };
  },

  'a process that is waited for': () =>
    blockNatively(() => execFileSync(process.execPath, ['-e', 'setTimeout(() => {}, 300)'])),

  'a key that is derived': () =>
    blockNatively(() => {
      const startedAt = performance.now();
      while (performance.now() - startedAt < 300) pbkdf2Sync('password', 'salt', 100_000, 64, 'sha512');
    }),
};

console.log(JSON.stringify(await scenarios[process.argv[2] ?? '']?.()));
