import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Context } from 'aws-lambda';
import { currentDeadline, Finally, GracefulTimeout, OnTimeout } from 'lambda-graceful-timeout';
import { save } from './figures.js';
import { describeMachine } from './machine.js';
import { printTable, round } from './table.js';

const IN_TIME = 200_000;
const TIMEOUTS = 20_000;
/** One at a time, and each blocks the process until it is interrupted. */
const INTERRUPTIONS = 1000;
const AT_A_TIME = 500;
const MARGIN_MS = 400;
const TIME_MS = 20;
/** More than this between the first quarter and the end would be a leak of 50 bytes an invocation. */
const MAX_GROWTH_MB = 1;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const silent = { error() {}, warn() {} };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const forever = (): Promise<never> => new Promise(() => {});

type Work = () => unknown;

class Orders {
  @GracefulTimeout({ marginMs: MARGIN_MS, logger: silent })
  async handler(work: Work, _context: Context): Promise<unknown> {
    return work();
  }

  @OnTimeout
  protected async report(): Promise<void> {
    await turn();
  }

  @Finally
  protected close(): void {}
}

class WithHangingHook extends Orders {
  @OnTimeout
  protected hang(): Promise<never> {
    return forever();
  }
}

class Preempting {
  @GracefulTimeout({ marginMs: MARGIN_MS, preempt: true, logger: silent })
  async handler(work: Work, _context: Context): Promise<unknown> {
    return work();
  }
}

type Call = (work: Work, context: Context) => Promise<unknown>;
const contextWith = (remainingMs: number): Context => {
  const endsAtMs = performance.now() + remainingMs;
  return { getRemainingTimeInMillis: () => endsAtMs - performance.now() } as Context;
};

/** Lets a number of invocations pass, some of them at a time, and returns the memory in use after each quarter, in MB. */
async function levels(
  total: number,
  call: Call,
  work: Work,
  timeMs = TIME_MS,
  atATime = AT_A_TIME,
): Promise<number[]> {
  const levelsMb: number[] = [];
  for (let quarter = 0; quarter < 4; quarter++) {
    for (let done = 0; done < total / 4; done += atATime) {
      const context = contextWith(MARGIN_MS + timeMs);
      await Promise.all(Array.from({ length: atATime }, () => call(work, context).catch(() => {})));
    }
    await new Promise((resolve) => setTimeout(resolve, MARGIN_MS));
    collectGarbage();
    collectGarbage();
    levelsMb.push(round(process.memoryUsage().heapUsed / 1e6, 2));
  }
  return levelsMb;
}

const orders = new Orders();
const hanging = new WithHangingHook();
const preempting = new Preempting();
const call: Call = (...args) => orders.handler(...args);

const kinds: Record<string, () => Promise<number[]>> = {
  [`${IN_TIME} in time`]: () => levels(IN_TIME, call, () => 'done', 60_000),
  [`${TIMEOUTS} that hang`]: () => levels(TIMEOUTS, call, forever),
  [`${TIMEOUTS} that heed the signal`]: () => levels(TIMEOUTS, call, () => currentDeadline().race(forever())),
  [`${TIMEOUTS} that answer in their grace`]: () =>
    levels(TIMEOUTS, call, async () => once(currentDeadline().signal, 'abort')),
  [`${TIMEOUTS} that fail in their grace`]: () =>
    levels(TIMEOUTS, call, async () => {
      await once(currentDeadline().signal, 'abort');
      throw new Error('not finished');
    }),
  [`${TIMEOUTS} without time at the start`]: () => levels(TIMEOUTS, call, forever, -1),
  [`${TIMEOUTS} with a hook that hangs`]: () =>
    levels(TIMEOUTS, (...args) => hanging.handler(...args), forever),
  [`${INTERRUPTIONS} that are interrupted`]: () =>
    levels(
      INTERRUPTIONS,
      (...args) => preempting.handler(...args),
      () => {
        for (;;);
      },
      1,
      1,
    ),
};

const rows = [];
const goals = [];
for (const [kind, measure] of Object.entries(kinds)) {
  const levelsMb = await measure();
  console.error(`${kind}: ${levelsMb.join(', ')} MB`);
  const [first = 0] = levelsMb;
  const growthMb = round((levelsMb.at(-1) ?? Number.NaN) - first, 2);
  rows.push({
    invocations: kind,
    ...Object.fromEntries(levelsMb.map((mb, index) => [`after ${index + 1}/4, MB`, mb])),
  });
  goals.push({ figure: `memory that ${kind} leave, MB`, goal: MAX_GROWTH_MB, got: growthMb });
}
console.log(`Memory in use after garbage collection. ${describeMachine()}`);
printTable(rows);
save('5-memory', { goals });
