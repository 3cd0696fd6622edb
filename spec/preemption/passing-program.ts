/** Looks at this thread as the watchdog's thread does, and prints the result as a line of JSON. */
import { AsyncResource, createHook } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import type { Session } from 'node:inspector';
import { runInThisContext } from 'node:vm';
import type { Worker } from 'node:worker_threads';
import {
  type AttemptState,
  attempts,
  type CurrentAttempt,
  NO_ATTEMPT,
} from '../../lib/deadline/current-attempt.js';
import { callUserCode } from '../../lib/report/stack.js';
import { StackBudget } from '../../lib/report/stack-budget.js';
import { sharedSymbol } from '../../lib/shared.js';
import { ThreadWatchdog, type Tools } from '../../lib/watchdog/watched-thread.js';

/** Calls a reply as the inspector does. */
const tell: (reply: () => void) => void = runInThisContext('(reply) => reply()', {
  filename: 'node:inspector',
});

/** How many times code was about to be ended, and how many times it has been. */
let begun = 0;
let ended = 0;
const threads: EventEmitter[] = [];
const tools: Tools & { endCalls(): object[] } = {
  threadId: 0,
  Worker: class extends EventEmitter {
    constructor() {
      super();
      threads.push(this);
    }
    unref(): void {}
  } as unknown as typeof Worker,
  Session: class {
    connect(): void {
      begun++;
    }
    disconnect(): void {}
    post(_method: string, onEnded: (error?: Error) => void): void {
      ended++;
      setImmediate(tell, onEnded);
    }
  } as unknown as typeof Session,
  url: () => undefined,
  endCalls: () => [],
  isAlone: true,
};
const obstacles: string[] = [];
const watchdog = new ThreadWatchdog(tools, {
  onObstacle: (reason) => void obstacles.push(reason),
  onDamage() {},
});
const LOOK = sharedSymbol('look');

interface FakeAttempt extends CurrentAttempt {
  state: AttemptState;
  cutOffAtMs: number;
}

const blockedAts: string[] = [];

const attemptUntil = (ms: number): FakeAttempt => ({
  ...NO_ATTEMPT,
  isWatched: true,
  cutOffAtMs: performance.now() + ms,
  interrupt: (blockedAt) => void blockedAts.push(blockedAt(new StackBudget(0))),
});

const lookFunction = () => (globalThis as unknown as Record<symbol, () => void>)[LOOK] as () => void;
const expression = (): void => lookFunction()();

/** Calls `look` as the inspector does, in an expression, which has a frame of its own. */
// biome-ignore lint/security/noGlobalEval: nothing else makes such a frame without frames of Node below it.
const evaluateLook: () => boolean = eval.bind(
  undefined,
  `globalThis[Symbol.for('${Symbol.keyFor(LOOK)}')]()`,
);

function look(): number {
  evaluateLook();
  return ended;
}

/** Looks while a function of Node is the innermost one that runs. */
function lookInNode(): number {
  new EventEmitter().once('look', evaluateLook).emit('look');
  return ended;
}

/** Looks while an async hook runs. */
function lookInHook(): number {
  const hook = createHook({ init: (_, type) => type === 'Fixture' && look() }).enable();
  new AsyncResource('Fixture');
  hook.disable();
  return ended;
}

/** Fills the stack, and looks at each level on the way back until a look has not failed. */
function lookAtTheLimit(): void {
  try {
    lookAtTheLimit();
  } catch {
    evaluateLook();
  }
}

const blockFor = (ms: number): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

async function lookInMicrotask(look: () => unknown): Promise<readonly string[]> {
  const attempt = attemptUntil(0);
  watchdog.arm(attempt);
  await new Promise<void>((resolve) => {
    attempts.run(attempt, () => void Promise.resolve().then(look));
    setTimeout(resolve, 10);
  });
  return blockedAts;
}

/** Looks twice, and again when half of the time of the hooks is over. */
function lookAndWait(look: () => number): readonly number[] {
  const attempt = { ...attemptUntil(0), hookDeadlineAtMs: performance.now() + 300 };
  return attempts.run(attempt, () => {
    const before = [look(), look()];
    blockFor(200);
    return [...before, look()];
  });
}

const scenarios: Record<string, () => unknown> = {
  /** One invocation is past its cut-off, and the code that runs belongs to no invocation. */
  'code of no invocation'() {
    watchdog.arm(attemptUntil(0));
    const neighbour = attemptUntil(60_000);
    watchdog.arm(neighbour);
    const looks = [look(), look()];
    // The code from here on stands for code that passes on the neighbour's answer.
    neighbour.state = 'ended';
    watchdog.disarm(neighbour);
    looks.push(look());
    const next = attemptUntil(60_000);
    watchdog.arm(next);
    next.state = 'ended';
    watchdog.disarm(next);
    looks.push(look(), look());
    return looks;
  },

  'a cut-off that has moved'() {
    const attempt = attemptUntil(0);
    watchdog.arm(attempt);
    attempt.cutOffAtMs += 60_000;
    const before = attempts.run(attempt, look);
    attempt.cutOffAtMs -= 60_000;
    return [before, attempts.run(attempt, look)];
  },

  'code that nobody watches': () => attempts.run({ ...attemptUntil(0), isWatched: false }, look),

  'a function of Node': () => lookAndWait(lookInNode),

  'an async hook': () => lookAndWait(lookInHook),

  /** V8 replies that it has ended the code, and the thread is looked at meanwhile. */
  async 'an end that V8 is telling of'() {
    let answer: unknown;
    tools.endCalls = () => {
      if (ended > 0) answer ??= evaluateLook();
      return [];
    };
    await lookInMicrotask(expression);
    return { answer, begun, ended };
  },

  /** Another invocation is at its deadline, and has grace. */
  'abandoned code beside one in its grace'() {
    const abandoned = { ...attemptUntil(0), state: 'timed out' as const };
    watchdog.disarm(abandoned);
    const waiting = { ...attemptUntil(60_000), deadlineAtMs: performance.now() + 20 };
    watchdog.arm(waiting);
    const before = attempts.run(abandoned, look);
    blockFor(30);
    return [before, attempts.run(abandoned, look)];
  },

  /** Node's state cannot be mended. */
  async 'a mending that fails'() {
    tools.endCalls = () => {
      if (ended === 0) return [];
      throw new Error('Node has changed');
    };
    const blockedAts = await lookInMicrotask(expression);
    return { blockedAts, obstacles };
  },

  'a thread that fails'() {
    threads.at(-1)?.emit('error', new Error('no thread'));
    return obstacles;
  },

  'the limit of the stack'() {
    attempts.run(attemptUntil(0), lookAtTheLimit);
    return { begun, ended };
  },

  /** Nothing runs below the expression: one microtask has ended, the next one has not begun. */
  'between two microtasks': () => lookInMicrotask(expression),

  /** One of them is in the place of the expression, the other one is below it. */
  'in built-in functions': () => {
    const { forEach } = Array.prototype;
    return lookInMicrotask(forEach.bind([0], forEach.bind([0], lookFunction())));
  },

  /** Below the expression there is but a function of this package. */
  'in this package': () => {
    const look = Array.prototype.forEach.bind([0], lookFunction());
    return lookInMicrotask(() => callUserCode(look, undefined, []));
  },
};

console.log(JSON.stringify(await scenarios[process.argv[2] ?? '']?.()));
