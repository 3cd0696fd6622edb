/** Runs the scenario that its argument names, and prints a report as a line of JSON. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Session } from 'node:inspector';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { currentDeadline, Finally, GracefulTimeout, OnTimeout } from 'lambda-graceful-timeout';
import { FakeContext } from '../support/context.js';
import { gate } from '../support/gate.js';
import { loop } from './blocks.js';
import { createInvoke } from './invoke.js';
import type { InvocationReport } from './neighbours.js';

/** Runs code in an async context that belongs to no invocation. */
const outside = AsyncLocalStorage.snapshot();

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const forever = (): Promise<never> => new Promise(() => {});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Blocks the thread for a while, and returns how long. */
function spin(ms: number): number {
  const startedAt = performance.now();
  while (performance.now() - startedAt < ms);
  return performance.now() - startedAt;
}

/** How long the logger takes for a warning. */
let warningMs = 0;
const warnings: string[] = [];
const errors: string[] = [];
const logger = {
  error: (message: string) => void errors.push(message.replace(/ timed out .*| was abandoned [^;]*/, '')),
  warn(message: string, detail: Error | string) {
    const [reason] = (detail instanceof Error ? detail.message : detail).split(' (');
    spin(warningMs);
    warnings.push(`${message}: ${reason}`);
  },
};

const invoke = createInvoke(logger);

const serve = (): Promise<InvocationReport> => invoke(5000, () => 'served');

/** Leaves three errors uncaught. What is read of them is read as code of the invocation. */
const failThrice = (): void =>
  void ['one', 'two', 'three'].map(async (record) => {
    throw Object.defineProperty(new Error(record), 'cause', { get: () => void spin(10) });
  });

/** Where a batch of immediates is interrupted: in one of them, or in code that Node runs between two of them. */
const blockers: Record<string, () => void> = {
  'an immediate': () => setImmediate(loop),
  'a microtask of an immediate': () => setImmediate(() => queueMicrotask(loop)),
  'a tick of an immediate': () => setImmediate(() => process.nextTick(loop)),
};

/** Sets immediates of no invocation before and behind one that blocks. */
async function interruptBatch(kind: string, before: number, behind: number): Promise<unknown> {
  const ran: number[] = [];
  const schedule = (from: number, to: number): void =>
    outside(() => {
      for (let index = from; index < to; index++) setImmediate(() => ran.push(index));
    });
  const blocked = await invoke(60, () => {
    schedule(0, before);
    blockers[kind]?.();
    schedule(before, before + behind);
    return forever();
  });
  await turn();
  for (let turns = 0; turns < 5000; turns++) await turn();
  const left = process.getActiveResourcesInfo().filter((type) => type === 'Immediate');
  return { blocked, ran, left, next: await serve() };
}

interface EchoSocket {
  /** Calls back in the async context in which the socket was opened. */
  readonly ask: (answer: () => void) => void;
  readonly close: () => void;
}

/** Lets an invocation open a socket, as for a pool. The invocation ends in time, and then its deadline passes. */
async function openSocket(): Promise<EchoSocket> {
  const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let onAnswer = (): void => {};
  let socket: Socket | undefined;
  await invoke(200, async () => {
    socket = connect(port, '127.0.0.1').on('data', () => onAnswer());
    await once(socket, 'connect');
  });
  await wait(200);
  return {
    ask(answer) {
      onAnswer = answer;
      socket?.write('question');
    },
    close() {
      socket?.destroy();
      server.close();
    },
  };
}

const scenarios: Record<string, () => Promise<unknown>> = {
  async innocent() {
    const { opened, open } = gate();
    const [expired, innocent] = await Promise.all([
      invoke(60, async () => {
        await opened;
        loop();
      }),
      invoke(5000, async () => {
        const spunMs = spin(400);
        setImmediate(open);
        return spunMs;
      }),
    ]);
    return { expired, innocent, next: await serve(), warnings };
  },

  async 'abandoned again and again'() {
    let interruptions = 0;
    const done = gate();
    const abandoned = await invoke(40, async () => {
      await wait(100);
      // A new timer each time, because an interrupted interval is cleared.
      const next = (): void => {
        interruptions++;
        if (interruptions === 5) done.open();
        else setTimeout(next, 1);
        loop();
      };
      next();
    });
    await done.opened;
    return { abandoned, interruptions, next: await serve() };
  },

  async 'blocks after its own timeout'() {
    const blocked = await invoke(60, async () => {
      const { signal } = currentDeadline();
      const ask = async (): Promise<void> => {
        await once(signal, 'abort');
        throw signal.reason;
      };
      const estimate = async (): Promise<void> => {
        for (let awaits = 0; awaits < 4; awaits++) await undefined;
        loop();
      };
      await Promise.all([ask(), ask().catch(estimate)]);
    });
    return { blocked, next: await serve(), warnings };
  },

  async 'swallows its interruption'() {
    const blocked = await invoke(60, () => {
      const session = new Session();
      session.connect();
      // Ends alone, and the handler goes on.
      session.post('Runtime.evaluate', { expression: 'for (;;);' });
      return 'answered';
    });
    return { blocked, next: await serve(), warnings };
  },

  async 'blocks while its hooks run'() {
    const blocked = await invoke(60, async () => {
      await once(currentDeadline().signal, 'abort');
      setTimeout(loop, 1);
      throw new Error('gave up');
    });
    return { blocked, next: await serve(), warnings };
  },

  async 'contextless with one in flight'() {
    setTimeout(loop, 20);
    return { only: await invoke(60, forever), next: await serve(), warnings };
  },

  async 'contextless before the handler is called'() {
    let isCalled = false;
    const only = await new Promise((resolve) => {
      setTimeout(() => {
        const work = () => {
          isCalled = true;
        };
        invoke(60, work).then(resolve);
        loop();
      });
    });
    return { only, isCalled, next: await serve(), warnings };
  },

  async 'contextless with two in flight'() {
    let spunMs = 0;
    const { opened, open } = gate();
    setTimeout(() => {
      spunMs = spin(400);
      open();
    }, 20);
    const [expired, other] = await Promise.all([
      invoke(60, forever),
      invoke(5000, async () => {
        await opened;
        return 'served';
      }),
    ]);
    return { expired, other, spunMs, next: await serve(), warnings };
  },

  async 'innocent in the context of an earlier invocation'() {
    const socket = await openSocket();
    // From now on the watchdog looks for abandoned code.
    await invoke(40, forever);
    const innocent = await invoke(2000, () => new Promise((resolve) => socket.ask(() => resolve(spin(400)))));
    socket.close();
    return { innocent, next: await serve(), warnings };
  },

  async 'expired in the context of an earlier invocation'() {
    const socket = await openSocket();
    const expired = await invoke(60, () => {
      socket.ask(loop);
      return forever();
    });
    socket.close();
    return { expired, next: await serve(), warnings };
  },

  async 'lost microtask'() {
    const { opened, open } = gate();
    const expired = invoke(60, async () => {
      await opened;
      loop();
    });
    const neighbour = invoke(500, async () => {
      await opened;
      return 'served';
    });
    await turn();
    await turn();
    open();
    return { expired: await expired, neighbour: await neighbour, next: await serve(), warnings };
  },

  async 'two of a batch'() {
    const ran: string[] = [];
    const blockIn = (name: string) =>
      invoke(60, () => {
        outside(() => setImmediate(() => ran.push(`before ${name}`)));
        setImmediate(loop);
        outside(() => setImmediate(() => ran.push(`behind ${name}`)));
        return forever();
      });
    const blocked = await Promise.all([blockIn('A'), blockIn('B')]);
    for (let turns = 0; turns < 5000; turns++) await turn();
    return { blocked, ran, next: await serve() };
  },

  async 'cleared immediates'() {
    const ran: string[] = [];
    const cleared: NodeJS.Immediate[] = [];
    const clear = (index: number): void => clearImmediate(cleared[index]);
    const blocked = await invoke(60, () => {
      setImmediate(loop);
      outside(() => {
        setImmediate(() => {
          ran.push('first');
          clear(0);
          queueMicrotask(() => clear(1));
        });
        cleared[1] = setImmediate(() => ran.push('cleared in between'));
        setImmediate(() => ran.push('second'));
        cleared[0] = setImmediate(() => ran.push('cleared ahead'));
        setImmediate(() => ran.push('third'));
      });
      return forever();
    });
    for (let turns = 0; turns < 5000; turns++) await turn();
    const left = process.getActiveResourcesInfo().filter((type) => type === 'Immediate');
    return { blocked, ran, left, next: await serve() };
  },

  async 'a slow logger'() {
    warningMs = 150;
    const blocked = await invoke(60, () => {
      failThrice();
      loop();
    });
    return { blocked, warnings, next: await serve() };
  },

  async 'a slow logger much later'() {
    warningMs = 600;
    const left = await invoke(60, () => {
      setTimeout(failThrice, 200);
      return forever();
    });
    await wait(250);
    return { left, warnings, next: await serve() };
  },

  async 'abort listener'() {
    const blocked = await invoke(60, () => {
      currentDeadline().signal.addEventListener('abort', loop);
      return forever();
    });
    return { blocked, next: await serve(), warnings };
  },

  async 'listeners of a hook'() {
    const heard: number[] = [];
    class Tasks {
      @GracefulTimeout({ marginMs: 4000, preempt: true, logger })
      handler(_event: unknown, _context: FakeContext): Promise<never> {
        return forever();
      }

      @OnTimeout
      protected report(): Promise<never> {
        const { signal } = currentDeadline();
        for (const listener of [1, 2, 3, 4]) {
          signal.addEventListener('abort', () => {
            spin(30);
            heard.push(listener);
          });
        }
        return forever();
      }

      @Finally
      protected close(): void {}
    }
    await Promise.allSettled([new Tasks().handler({}, new FakeContext(4060))]);
    return { heard, errors };
  },

  // As a tool does that shows the variables of a function. No port is open, so nothing tells of it.
  async 'a pause of another thread'() {
    const code = `
      import { Session } from 'node:inspector';
      import { parentPort } from 'node:worker_threads';
      const session = new Session();
      session.connectToMainThread();
      session.on('Debugger.paused', () => setTimeout(() => session.post('Debugger.resume'), 300));
      session.post('Debugger.enable', () => parentPort.postMessage('enabled'));
      parentPort.on('message', () => {});`;
    const debuggerOf = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
    await once(debuggerOf, 'message');
    const paused = await invoke(60, async () => {
      // biome-ignore lint/suspicious/noDebugger: it is what the session waits for
      debugger;
      return forever();
    });
    await debuggerOf.terminate();
    return { paused, next: await serve() };
  },

  // As the records of a batch, each of which needs a file and then blocks.
  async 'callbacks that block, one after the other'() {
    const blockAfter = async (read: Promise<unknown>): Promise<void> => {
      await read;
      loop();
    };
    const times = Array.from({ length: 8 }, (_, index) => index + 1);
    return {
      timers: await invoke(60, () => Promise.all(times.map((ms) => blockAfter(wait(ms))))),
      files: await invoke(60, () =>
        Promise.all(times.map(() => blockAfter(readFile(fileURLToPath(import.meta.url))))),
      ),
      next: await serve(),
    };
  },

  async 'a listener of the last hook'() {
    class Tasks {
      @GracefulTimeout({ marginMs: 1000, preempt: true, logger })
      handler(_event: unknown, _context: FakeContext): Promise<never> {
        return forever();
      }

      @Finally
      protected close(): Promise<never> {
        currentDeadline().signal.addEventListener('abort', loop);
        return forever();
      }
    }
    const context = new FakeContext(1060);
    const [outcome] = await Promise.allSettled([new Tasks().handler({}, context)]);
    return { status: outcome.status, isInTime: context.getRemainingTimeInMillis() > 0, errors };
  },

  async 'contextless after an interruption'() {
    let isOver = false;
    setTimeout(() => {
      spin(250);
      isOver = true;
    }, 20);
    return { blocked: await invoke(60, loop), isOver, next: await serve(), warnings };
  },

  // Storms: no step takes long, but the event loop never turns.
  async 'a storm of awaits'() {
    const blocked = await invoke(60, async () => {
      for (;;) await null;
    });
    return { blocked, next: await serve() };
  },

  async 'a storm of promises'() {
    const blocked = await invoke(60, () => {
      const again = (): Promise<void> => Promise.resolve().then(again);
      return again();
    });
    return { blocked, next: await serve() };
  },

  async 'a storm of ticks'() {
    const blocked = await invoke(60, () => {
      const again = (): void => process.nextTick(again);
      again();
      return forever();
    });
    return { blocked, next: await serve() };
  },
};

for (const kind of Object.keys(blockers)) {
  for (const [before, behind] of [
    [0, 3],
    [3, 3],
    [3, 0],
    [1, 1],
    [0, 0],
  ] as const) {
    scenarios[`${kind}, ${before} before, ${behind} behind`] = () => interruptBatch(kind, before, behind);
  }
}

// The package sets immediates when it starts. They must not share a turn with those of a scenario.
await turn();
const report = await scenarios[process.argv[2] ?? '']?.();
console.log(JSON.stringify(report));
