/**
 * The function of the soak. Connections and code of earlier events serve or disturb later events. It imports the built
 * package.
 */
import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';
import type { Context } from 'aws-lambda';
import { Finally, GracefulTimeout, type LambdaTimeoutError, OnTimeout } from 'lambda-graceful-timeout';
import {
  type Block,
  HOOKS_MS,
  MODULE,
  PORT,
  SHORT_MS,
  type SoakAnswer,
  type SoakEvent,
  TIMEOUT_MS,
} from './soak.js';

const require = createRequire(import.meta.url);
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const nothing = (): void => {};

const BACKTRACKING = /^(\w+[.-]?)+@(\w+)$/;
/** How many durations of timers are used, from 1 ms on. */
const DURATIONS = 10;
const cell = new Int32Array(new SharedArrayBuffer(4));

const blocks: Record<Block, () => void> = {
  spin() {
    for (;;) {}
  },
  match() {
    BACKTRACKING.test('bartholomew.featherstonehaugh.cholmondeley@example-corp');
  },
  sleep() {
    Atomics.wait(cell, 0, 0);
  },
  timers() {
    for (;;) {
      for (let ms = 1; ms <= DURATIONS; ms++) clearTimeout(setTimeout(nothing, ms));
    }
  },
  load() {
    forgetModules();
    Object.assign(globalThis, { blockOnce: blocks.spin });
    loadModules();
  },
};

interface Parent {
  readonly child: { readonly first: number; readonly second?: number };
  readonly isWhole?: boolean;
}

/** The module calls `blockOnce` half-way, if that exists. */
const loadModules = (): Parent => require(process.env[MODULE] as string);

function forgetModules(): void {
  const module = require.resolve(process.env[MODULE] as string);
  for (const file of [module, module.replace('parent', 'child')]) delete require.cache[file];
}

let connection: Socket | undefined;
const questions = new Map<string, () => void>();

/** Opens a connection whose callbacks always run in the async context of this invocation. */
function openConnection(): Socket {
  connection?.destroy();
  let unread = '';
  connection = connect(Number(process.env[PORT]), '127.0.0.1').on('data', (data) => {
    const answers = (unread + data).split('\n');
    unread = answers.pop() ?? '';
    for (const answer of answers) questions.get(answer)?.();
  });
  return connection;
}

/** Asks over the connection that all invocations share, and computes in the callback of the answer. */
async function ask({ id, inAnswer = 0 }: SoakEvent): Promise<void> {
  const socket = connection ?? openConnection();
  await new Promise<void>((resolve) => {
    questions.set(String(id), () => {
      questions.delete(String(id));
      if (typeof inAnswer === 'string') blocks[inAnswer]();
      else compute(inAnswer);
      resolve();
    });
    socket.write(`${id}\n`);
  });
}

function compute(ms: number): void {
  const startedAt = performance.now();
  while (performance.now() - startedAt < ms);
}

const works: Record<NonNullable<SoakEvent['work']>, (event: SoakEvent) => unknown> = {
  ...blocks,
  ask,
  hang: () => new Promise(nothing),
  fail() {
    throw new RangeError('handler failed');
  },
  require() {
    const { child, isWhole } = loadModules();
    if (!isWhole || child.second !== 2) throw new Error('half of a module');
  },
  wait: () => Promise.all(Array.from({ length: DURATIONS }, (_, index) => wait(index + 1))),
};

async function serve(event: SoakEvent): Promise<SoakAnswer> {
  if (event.connects) openConnection();
  if (event.afterMs !== undefined) await wait(event.afterMs);
  if (event.work) await works[event.work](event);
  return { id: event.id, residentBytes: process.memoryUsage.rss() };
}

// A crash reporter listens to this event.
process.on('uncaughtExceptionMonitor', (error) => console.log(`crash: ${error}`));

class Tasks {
  @OnTimeout
  protected async report(error: LambdaTimeoutError, event: SoakEvent): Promise<void> {
    if (event.report) blocks[event.report]();
    await wait(1);
    console.log(`reported ${event.id}: preempted ${error.preempted}`);
  }

  @Finally
  protected async close(outcome: PromiseSettledResult<SoakAnswer>, event: SoakEvent): Promise<void> {
    await wait(1);
    console.log(`closed ${event.id}: ${outcome.status}`);
  }
}

class HastyTasks extends Tasks {
  @GracefulTimeout({
    marginMs: TIMEOUT_MS - SHORT_MS,
    reserveMs: TIMEOUT_MS - SHORT_MS - HOOKS_MS,
    preempt: true,
  })
  async handler(event: SoakEvent, _context: Context): Promise<SoakAnswer> {
    return serve(event);
  }
}

class PatientTasks extends Tasks {
  @GracefulTimeout({ marginMs: 1000, reserveMs: 1000 - HOOKS_MS, preempt: true })
  async handler(event: SoakEvent, _context: Context): Promise<SoakAnswer> {
    return serve(event);
  }
}

const hasty = new HastyTasks();
const patient = new PatientTasks();

export const handler = (event: SoakEvent, context: Context): Promise<SoakAnswer> =>
  (event.isPatient ? patient : hasty).handler(event, context);
