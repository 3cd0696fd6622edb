/**
 * Lets an invocation open a connection or a timer, or block later, and be abandoned. Other invocations follow. Runs the
 * scenario that the first argument names, on the thread that the second one names. Prints a report as a line of JSON.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker } from 'node:worker_threads';
import { gate } from '../support/gate.js';
import { loop } from './blocks.js';
import { createInvoke } from './invoke.js';
import type { InvocationReport } from './neighbours.js';

const [name = '', thread] = process.argv.slice(2);

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const forever = (): Promise<never> => new Promise(() => {});

/** Computes for a while, as parsing an answer does. */
function compute(ms: number): void {
  const startedAt = performance.now();
  while (performance.now() - startedAt < ms);
}

const warnings: string[] = [];
const warned = gate();
const logger = {
  error() {},
  warn(message: string, detail: Error | string) {
    const [reason] = (detail instanceof Error ? detail.message : detail).split(' (');
    warnings.push(`${message}: ${reason}`);
    warned.open();
  },
};

const invoke = createInvoke(logger);

const serve = (): Promise<InvocationReport> => invoke(5000, () => 'served');

/** Lets an invocation do this work. It is abandoned after 100 ms. */
const abandon = (work: () => unknown): Promise<InvocationReport> =>
  invoke(100, async () => {
    await work();
    return forever();
  });

/** Starts a server in a process of its own, so that code that blocks this process does not block it. */
async function startServer(protocol: string): Promise<{ readonly port: number; readonly stop: () => void }> {
  const file = fileURLToPath(new URL('pool-server.js', import.meta.url));
  const { stdin, stdout } = spawn(process.execPath, [file, protocol], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = await once(stdout, 'data');
  return { port: Number(port), stop: () => stdin.end() };
}

/**
 * Opens a connection to a server that sends back what it receives. Its callbacks run in the async context of the abandoned
 * code that has opened it.
 */
async function openPlainly() {
  const server = await startServer('plain');
  let socket: Socket | undefined;
  let onAnswer = (): void => {};
  await abandon(() => {
    socket = connect(server.port, '127.0.0.1').on('data', () => onAnswer());
  });
  return {
    ask(answer: () => void): void {
      onAnswer = answer;
      socket?.write('question');
    },
    close(): void {
      socket?.destroy();
      server.stop();
    },
  };
}

/** Lets an invocation receive one answer after the other. Each answer takes this long to parse. */
async function parse(ms: number, answers = 1): Promise<unknown> {
  const { ask, close } = await openPlainly();
  const innocent = await invoke(5000, async () => {
    for (let count = 0; count < answers; count++) {
      await new Promise<void>((resolve) =>
        ask(() => {
          compute(ms);
          resolve();
        }),
      );
    }
    return 'served';
  });
  close();
  return { innocent, next: await serve(), warnings };
}

let blockedAtMs = 0;

/** Blocks the thread forever. */
function block(): void {
  blockedAtMs = performance.now();
  loop();
}

/** Lets an invocation be abandoned. When it is over, its code blocks the thread in a timer. */
async function abandonAndBlock(): Promise<InvocationReport> {
  const { opened, open } = gate();
  const abandoned = await abandon(async () => {
    await opened;
    setTimeout(block, 50);
  });
  open();
  return abandoned;
}

const blockedForMs = (): number => performance.now() - blockedAtMs;

const scenarios: Record<string, () => Promise<unknown>> = {
  'parses for 60 ms': () => parse(60),
  'parses for 200 ms': () => parse(200),
  'parses for 400 ms': () => parse(400),
  'parses for 200 ms, 8 times': () => parse(200, 8),

  async 'reads from ioredis'() {
    const { Redis } = await import('ioredis');
    const server = await startServer('redis');
    // Without the commands that the client itself would send first.
    const own = { protocol: 2, disableClientInfo: true, enableReadyCheck: false } as const;
    const open = () => new Redis({ host: '127.0.0.1', port: server.port, ...own });
    let redis: ReturnType<typeof open> | undefined;
    await abandon(() => {
      redis = open();
      return once(redis, 'ready');
    });
    const innocent = await invoke(5000, async () => (await redis?.lrange('list', 0, -1))?.length);
    redis?.disconnect();
    server.stop();
    return { innocent, next: await serve(), warnings };
  },

  async 'reads from pg'() {
    const { default: pg } = await import('pg');
    const server = await startServer('postgres');
    const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'user' });
    await abandon(() => client.connect());
    const innocent = await invoke(5000, async () => (await client.query('SELECT name')).rowCount);
    client.on('error', () => {});
    server.stop();
    return { innocent, next: await serve(), warnings };
  },

  async 'computes beside a heartbeat'() {
    let beats = 0;
    let heartbeat: NodeJS.Timeout | undefined;
    await abandon(() => {
      heartbeat = setInterval(() => beats++, 2);
    });
    const beatsBetween: number[] = [];
    const innocent = await invoke(5000, async () => {
      for (let bursts = 0; bursts < 10; bursts++) {
        const before = beats;
        compute(150);
        await wait(5);
        beatsBetween.push(beats - before);
      }
      return 'served';
    });
    clearInterval(heartbeat);
    return { innocent, beatsBetween, next: await serve(), warnings };
  },

  async 'blocks between invocations'() {
    const abandoned = await abandonAndBlock();
    await warned.opened;
    return { abandoned, blockedForMs: blockedForMs(), next: await serve(), warnings };
  },

  async 'blocks before an invocation'() {
    const { opened, open } = gate();
    const abandoned = await abandon(async () => {
      await opened;
      block();
    });
    open();
    const next = await serve();
    return { abandoned, blockedForMs: blockedForMs(), next, warnings };
  },

  async 'blocks beside an invocation'() {
    const abandoned = await abandonAndBlock();
    const other = await invoke(5000, async () => {
      await warned.opened;
      return 'served';
    });
    return { abandoned, other, blockedForMs: blockedForMs(), next: await serve(), warnings };
  },

  async 'blocks beside an invocation at its deadline'() {
    const abandoned = await abandonAndBlock();
    const other = await invoke(300, forever);
    return { abandoned, other, blockedForMs: blockedForMs(), next: await serve(), warnings };
  },

  async 'blocks in an answer'() {
    const { ask, close } = await openPlainly();
    const other = await invoke(2000, async () => {
      ask(block);
      await warned.opened;
      return blockedForMs();
    });
    close();
    return { blockedForMs: other.value, next: await serve(), warnings };
  },
};

if (isMainThread && thread === 'worker') {
  new Worker(new URL(import.meta.url), { argv: [name, thread] }).on('exit', (code) => {
    process.exitCode = code;
  });
} else {
  console.log(JSON.stringify(await scenarios[name]?.()));
}
