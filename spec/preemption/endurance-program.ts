/**
 * Interrupts one kind of code after the other, so that each kind follows each one. After each interruption it prints what
 * gives no sign of life, as a line of JSON. The argument says who has an async hook.
 */
import { AsyncResource, createHook } from 'node:async_hooks';
import vm from 'node:vm';
import { receiveMessageOnPort } from 'node:worker_threads';
import { Finally, GracefulTimeout, type LambdaTimeoutError } from 'lambda-graceful-timeout';
import { FakeContext } from '../support/context.js';
import { loop } from './blocks.js';
import { type EnduranceReport, KINDS } from './endurance.js';
import { SIGNS, signsOfLife } from './signs-of-life.js';

const [listener = 'nobody', rounds = '1', ...only] = process.argv.slice(2);
const MARGIN_MS = 2000;
const TIME_MS = 20;
/** What has not come after this time counts as lost. */
const LOST_MS = 3000;

const forever = (): Promise<never> => new Promise(() => {});

const listeners: Record<string, () => unknown> = {
  nobody() {},
  hook: () => createHook({ init() {}, before() {}, after() {}, destroy() {} }).enable(),
  'promise hook': () => createHook({ before() {}, after() {} }).enable(),
  // The storage of Powertools' Tracer, which sets its hook when it is made.
  async tracer() {
    const { Tracer } = await import('@aws-lambda-powertools/tracer');
    return new Tracer({ serviceName: 'endurance' });
  },
};

const cached = async (): Promise<number> => 1;

const kinds: Record<(typeof KINDS)[number], () => unknown> = {
  'a loop': loop,
  async awaits() {
    for (;;) await null;
  },
  async 'awaits of a function'() {
    for (;;) await cached();
  },
  promises() {
    const again = (): Promise<void> => Promise.resolve().then(again);
    return again();
  },
  ticks() {
    const again = (): void => process.nextTick(again);
    again();
    return forever();
  },
  'a timer'() {
    setTimeout(loop, 1);
    return forever();
  },
  'an immediate among others'() {
    for (let count = 0; count < 3; count++) setImmediate(() => {});
    setImmediate(loop);
    for (let count = 0; count < 3; count++) setImmediate(() => {});
    return forever();
  },
  'vm with a timeout'() {
    for (;;) {
      try {
        vm.runInNewContext('for (;;);', {}, { timeout: 5 });
      } catch {
        // Goes on, as a program does that runs one script after the other.
      }
    }
  },
  'a script in this context with a timeout'() {
    const script = new vm.Script('for (;;);');
    for (;;) {
      try {
        script.runInThisContext({ timeout: 5 });
      } catch {
        // Goes on.
      }
    }
  },
  'message channels'() {
    for (;;) new MessageChannel().port1.close();
  },
  messages() {
    for (;;) {
      const { port1, port2 } = new MessageChannel();
      port1.postMessage({});
      receiveMessageOnPort(port2);
      port1.close();
    }
  },
  stdout() {
    for (;;) process.stdout.write('x\n');
  },
  stderr() {
    for (;;) process.stderr.write('x\n');
  },
};

let warnings: string[] = [];
const logger = {
  error() {},
  warn: (message: string, detail: unknown) =>
    void warnings.push(`${message}: ${detail instanceof Error ? detail.stack : detail}`),
};

class Tasks {
  lost: Promise<readonly string[]> | undefined;

  @GracefulTimeout({ marginMs: MARGIN_MS, preempt: true, logger })
  async handler(kind: (typeof KINDS)[number], _context: FakeContext): Promise<unknown> {
    return kinds[kind]();
  }

  @Finally
  protected look(): void {
    // Already here, because Node has to be whole before a hook runs.
    this.lost = findLost();
  }
}

const tasks = new Tasks();

/** A hook that was not there before. */
function isNewHookCalled(): boolean {
  let calls = 0;
  const hook = createHook({ init: () => void calls++ }).enable();
  new AsyncResource('Fixture');
  hook.disable();
  return calls === 1;
}

async function findLost(): Promise<readonly string[]> {
  const lost = new Set<string>(['stdout', 'stderr', 'signs of life']);
  if (!isNewHookCalled()) lost.add('a new hook');
  process.stdout.write('', () => lost.delete('stdout'));
  process.stderr.write('', () => lost.delete('stderr'));
  void signsOfLife().then((signs) => {
    if (signs.join() === SIGNS.join()) lost.delete('signs of life');
  });
  // Does not rely on what may be lost.
  const { port1, port2 } = new MessageChannel();
  const endMs = performance.now() + LOST_MS;
  await new Promise<void>((resolve) => {
    port1.on('message', () => {
      if (performance.now() > endMs || [...lost].every((part) => part === 'a new hook')) resolve();
      else port2.postMessage(undefined);
    });
    port2.postMessage(undefined);
  });
  port1.close();
  return [...lost];
}

async function interrupt(kind: (typeof KINDS)[number], after: string): Promise<EnduranceReport> {
  const context = new FakeContext(TIME_MS + MARGIN_MS);
  const error: unknown = await tasks.handler(kind, context).catch((reason: unknown) => reason);
  const isInTime = context.getRemainingTimeInMillis() > 0;
  const { name, preempted } = error as LambdaTimeoutError;
  const lost = await (tasks.lost as Promise<readonly string[]>);
  const report = { kind, after, error: `${name}, ${preempted}`, isInTime, lost, warnings };
  warnings = [];
  return report;
}

await listeners[listener]?.();
await tasks.handler('ticks', new FakeContext(MARGIN_MS - 1)).catch(() => {});
let after = 'nothing';
const chosen = KINDS.filter((kind) => only.length === 0 || only.includes(kind));
for (let round = 0; round < Number(rounds); round++) {
  for (const first of chosen) {
    for (const second of chosen) {
      for (const kind of [first, second]) {
        console.log(JSON.stringify(await interrupt(kind, after)));
        after = kind;
      }
    }
  }
}
