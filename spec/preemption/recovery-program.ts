/** Damages Node in the way that the argument names, is interrupted, and prints what the hook then sees as a line of JSON. */
import { AsyncResource, createHook } from 'node:async_hooks';
import { Session } from 'node:inspector';
import { Finally, GracefulTimeout } from 'lambda-graceful-timeout';
import { FakeContext } from '../support/context.js';
import { loop } from './blocks.js';

const warnings: string[] = [];
const logger = {
  error() {},
  warn: (message: string, detail: unknown) => void warnings.push(`${message}: ${detail}`),
};

interface Stream {
  writableCorked: number;
  writableLength: number;
  readonly destroyed: boolean;
  readonly _handle?: object;
  readonly _writableState?: object;
  uncork(): void;
}

/** A standard stream in the state in which interrupted code may leave it. */
function replaceStdout(state: Partial<Stream>): Stream {
  const stream: Stream = {
    writableCorked: 0,
    writableLength: 1,
    destroyed: false,
    uncork: () => void stream.writableCorked--,
    ...state,
  };
  Object.defineProperty(process, 'stdout', { value: stream, configurable: true });
  return stream;
}

/** What Node keeps of a stream, without the rest. */
function createState(writing: boolean, writecb: unknown) {
  const state = {
    length: 1,
    writing,
    writecb,
    bufferProcessing: true,
    onwrite() {
      state.writing = false;
      state.length = 0;
    },
  };
  return state;
}

/** Damages a stream to a file, of which Node keeps this. */
function damageFile(state: ReturnType<typeof createState>): () => unknown {
  Object.defineProperty(replaceStdout({ _writableState: state }), 'writableLength', {
    get: () => (state.writing ? 1 : state.length),
  });
  return () => ({ length: state.length, writing: state.writing });
}

/** Lets Node believe that calls of hooks are under way, one of which has enabled another hook. */
function damageHooks(): () => unknown {
  const session = new Session();
  session.connect();
  let objectId = '';
  session.post('Runtime.evaluate', { expression: 'globalThis' }, (_, { result }) => {
    objectId = result.objectId as string;
  });
  Object.assign(globalThis, { enable: Object.getPrototypeOf(createHook({})).enable });
  for (const name of ['enable', '[[Scopes]]', '0', 'getHookArrays', '[[Scopes]]', '0', 'active_hooks']) {
    session.post('Runtime.getProperties', { objectId, ownProperties: true }, (_, reply) => {
      const properties = [...reply.result, ...(reply.internalProperties ?? [])];
      objectId = properties.find((property) => property.name === name)?.value?.objectId as string;
    });
  }
  const functionDeclaration = 'function () { this.call_depth = 3; }';
  session.post('Runtime.callFunctionOn', { objectId, functionDeclaration });
  session.disconnect();
  let calls = 0;
  createHook({ init: () => void calls++ }).enable();
  return () => {
    const before = calls;
    new AsyncResource('Fixture');
    return calls - before;
  };
}

/** Each one damages Node, and returns what tells whether it works again. */
const damages: Record<string, () => () => unknown> = {
  nothing: () => () => undefined,
  'async hooks': damageHooks,
  'a corked stream'() {
    const stream = replaceStdout({ writableCorked: 2, writableLength: 0 });
    return () => stream.writableCorked;
  },
  'a file in the middle of a write': () => damageFile(createState(true, () => {})),
  'a file just before a write': () => damageFile(createState(true, undefined)),
  'a file with a wrong length': () => damageFile(createState(false, undefined)),
  'a stream that waits for its reader'() {
    replaceStdout({ _handle: { writeQueueSize: 1 }, _writableState: {} });
    return () => undefined;
  },
  'a stream that never ends its write'() {
    replaceStdout({ _handle: { writeQueueSize: 0 }, _writableState: {} });
    return () => undefined;
  },
  'a stream of another kind'() {
    replaceStdout({});
    return () => undefined;
  },
};

class Tasks {
  isWhole: () => unknown = () => undefined;
  seen: unknown;

  @GracefulTimeout({ marginMs: 2000, preempt: true, logger })
  async handler(damage: string, _context: FakeContext): Promise<void> {
    this.isWhole = (damages[damage] as () => () => unknown)();
    loop();
  }

  @Finally
  protected look(): void {
    this.seen = this.isWhole();
  }
}

const { log } = console;
const { stdout } = process;
const tasks = new Tasks();
const [damage = ''] = process.argv.slice(2);
const errors: string[] = [];
for (let count = 0; count < 2; count++) {
  await tasks.handler(damage, new FakeContext(2060)).catch(({ name }: Error) => errors.push(name));
}
Object.defineProperty(process, 'stdout', { value: stdout });
log(JSON.stringify({ errors, seen: tasks.seen, warnings }));
process.exit();
