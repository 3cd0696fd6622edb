/*
 * What the watching thread runs. It sleeps until something is due. Then it asks the watched thread for a sign of life. If
 * none comes, it makes V8 call a function on that thread, in the middle of the code that blocks it.
 *
 * The build makes a text of this file: bundlers do not find the files of workers.
 */
import { writeSync } from 'node:fs';
import { type Runtime, Session } from 'node:inspector';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import {
  ANSWERED,
  ASLEEP_UNTIL,
  CONNECTED,
  DUE,
  INTERRUPTING,
  type LookAnswer,
  NEVER,
  READY,
  SEQUENCE,
  type WatchingThreadData,
} from './two-threads.js';

/** How long a thread that is alive may take to answer. */
const PATIENCE_MS = 15;
/** After how long it looks again, if the last look met a function of Node. */
const AGAIN_MS = 1;
/** How often it looks again at once, where the watched thread's stack has no room for a look, or others end the looks. */
const MAX_FAILURES = 50;
/** What has ended a look half-way. It is said if it ends all looks. */
const STRUCK = 'a termination by others, such as that of `vm` with a `timeout`, strikes each look at it';
/** After how long it tries again, where the watched thread could not be reached. */
const RETRY_MS = 1000;
/** How long the inspector of the main thread may take to name its workers. */
const FIND_MS = 100;

/** The end of what the inspector says where V8 lets no evaluation begin. */
const INTERNAL_ERROR = 'Internal error';

/** What the inspector answers to an evaluation: a result, or an error if it was ended half-way. */
interface Reply {
  readonly result?: Runtime.EvaluateReturnType | undefined;
  readonly error?: { readonly message: string } | null;
}

/** A way to evaluate an expression on the watched thread. */
interface Connection {
  post(method: string, params: object, onReply: (reply: Reply) => void): void;
  /** Calls back once the watched thread is left alone. */
  end(onEnd: () => void): void;
}

const { memory, zero, threadId, expression } = workerData as WatchingThreadData;
const cells = new Int32Array(memory);
const port = parentPort as MessagePort;

const now = (): number => Number((process.hrtime.bigint() - zero) / 1_000_000n);

/** For which time the watched thread was last asked for a sign of life, and when. */
let askedFor = NEVER;
let askedAt = 0;

function watch(): void {
  for (;;) {
    const seen = Atomics.load(cells, SEQUENCE);
    const due = Atomics.load(cells, DUE);
    Atomics.store(cells, ASLEEP_UNTIL, due);
    if (Atomics.load(cells, DUE) !== due) continue;
    const next = nextAt(due);
    if (next === NEVER) Atomics.wait(cells, SEQUENCE, seen);
    else if (next > now()) Atomics.wait(cells, SEQUENCE, seen, next - now());
    else if (askedFor !== due || Atomics.load(cells, ANSWERED) === 1) ask(due);
    else break;
  }
  askedFor = NEVER;
  look();
}

/** A thread is asked so early that it is known to be stuck as soon as something is due. */
function nextAt(due: number): number {
  if (askedFor === due) return Math.max(due, askedAt + PATIENCE_MS);
  return due === NEVER ? NEVER : due - PATIENCE_MS;
}

/** A thread that is alive answers the message, and sets a later time if this one has come. */
function ask(due: number): void {
  askedFor = due;
  askedAt = now();
  Atomics.store(cells, ANSWERED, 0);
  port.postMessage(undefined);
}

function look(): void {
  let failures = 0;
  Atomics.store(cells, CONNECTED, 1);
  const connection = threadId === 0 ? connectToMainThread() : connectToWorker(onLost);
  const leave = (next: () => void): void =>
    connection.end(() => {
      Atomics.store(cells, CONNECTED, 0);
      setReady(2);
      port.postMessage(undefined);
      next();
    });
  const lookOnce = (): void => connection.post('Runtime.evaluate', { expression }, onReply);
  const onReply = ({ result, error }: Reply): void => {
    const isStuck = error?.message.endsWith(INTERNAL_ERROR);
    // V8 takes a termination that has ended a look for done. Ours is asked for again by the next look, but nothing else would
    // end a script whose termination was lost. Nor can there be a next look while V8 takes the code for ended, on Node 20.
    if (!result && (Atomics.load(cells, INTERRUPTING) === 0 || isStuck))
      connection.post('Runtime.terminateExecution', {}, nothing);
    const reason = result ? result.exceptionDetails?.exception?.description : STRUCK;
    const answer: LookAnswer = reason === undefined ? result?.result.value : ++failures < MAX_FAILURES;
    if (answer) {
      setTimeout(lookOnce, AGAIN_MS);
      return;
    }
    if (reason !== undefined) tell(reason.split('\n', 1).join());
    leave(watch);
  };
  function onLost(reason: string): void {
    tell(reason);
    leave(() => setTimeout(watch, RETRY_MS));
  }
  lookOnce();
}

function connectToMainThread(): Connection {
  const session = new Session();
  session.connectToMainThread();
  return {
    post: (method, params, onReply) =>
      session.post(method, params, (error, result) => onReply({ result, error } as Reply)),
    end(onEnd) {
      session.disconnect();
      onEnd();
    },
  };
}

/** The session reaches only the main thread, which passes messages on to its workers. */
function connectToWorker(onLost: (reason: string) => void): Connection {
  let sessionId: string | undefined;
  let id = 0;
  const waiting = new Map<number, (reply: Reply) => void>();
  const messages: string[] = [];
  const session = new Session();
  session.connectToMainThread();
  const send = (): void => {
    if (sessionId === undefined) return;
    for (const message of messages.splice(0)) {
      session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
    }
  };
  session.on('NodeWorker.attachedToWorker', ({ params }) => {
    if (!params.workerInfo.title.includes(`[worker ${threadId}]`)) return;
    sessionId = params.sessionId;
    send();
  });
  session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
    if (params.sessionId !== sessionId) return;
    const { id, result, error } = JSON.parse(params.message);
    waiting.get(id)?.({ result, error });
    waiting.delete(id);
  });
  const check = (): void => {
    if (sessionId === undefined) onLost(`the inspector does not know worker thread ${threadId}`);
  };
  session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, () => setTimeout(check, FIND_MS));
  return {
    post(method, params, onReply) {
      waiting.set(++id, onReply);
      messages.push(JSON.stringify({ id, method, params }));
      send();
    },
    end: (onEnd) =>
      session.post('NodeWorker.disable', () => {
        session.disconnect();
        onEnd();
      }),
  };
}

const nothing = (): void => {};

function setReady(ready: 1 | 2): void {
  Atomics.store(cells, READY, ready);
  Atomics.notify(cells, READY);
}

const told = new Set<string>();

/** The watched thread is stuck, so its logger cannot be asked to say it. */
function tell(reason: string): void {
  if (told.has(reason)) return;
  told.add(reason);
  const problem = 'code that blocks the event loop cannot be interrupted';
  writeSync(2, `lambda-graceful-timeout: ${problem}: ${reason}\n`);
}

// Keeps this thread alive for the answers of the inspector.
setInterval(nothing, NEVER);

setReady(1);
watch();
