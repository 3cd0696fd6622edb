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
  ASLEEP_UNTIL,
  CONNECTED,
  DUE,
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
/** How often it looks again at once, where the watched thread's stack has no room for a look. */
const MAX_FAILURES = 50;
/** After how long it tries again, where the watched thread could not be reached. */
const RETRY_MS = 1000;
/** How long the inspector of the main thread may take to name its workers. */
const FIND_MS = 100;

/** What the inspector answers to an evaluation; undefined if V8 has not even begun. */
type Reply = Runtime.EvaluateReturnType | undefined;

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

function watch(): void {
  for (;;) {
    const seen = Atomics.load(cells, SEQUENCE);
    const due = Atomics.load(cells, DUE);
    Atomics.store(cells, ASLEEP_UNTIL, due);
    if (Atomics.load(cells, DUE) !== due) continue;
    if (due === NEVER) Atomics.wait(cells, SEQUENCE, seen);
    else if (due > now()) Atomics.wait(cells, SEQUENCE, seen, due - now());
    else if (isStuck(due)) break;
  }
  look();
}

/** A thread that is alive receives the message and sets a later time. */
function isStuck(due: number): boolean {
  port.postMessage(undefined);
  Atomics.wait(cells, SEQUENCE, Atomics.load(cells, SEQUENCE), PATIENCE_MS);
  return Atomics.load(cells, DUE) === due;
}

function look(): void {
  let failures = 0;
  Atomics.store(cells, CONNECTED, 1);
  const connection = threadId === 0 ? connectToMainThread() : connectToWorker(onLost);
  const leave = (next: () => void): void =>
    connection.end(() => {
      Atomics.store(cells, CONNECTED, 0);
      port.postMessage(undefined);
      next();
    });
  const lookOnce = (): void => connection.post('Runtime.evaluate', { expression }, onReply);
  const onReply = (reply: Reply): void => {
    if (!reply) {
      // A termination by others has struck the look, such as that of `vm` with a `timeout`. As long as that is under way, V8
      // begins nothing else. Another termination that strikes nothing but an evaluation puts an end to it.
      connection.post('Runtime.terminateExecution', {}, nothing);
      connection.post('Runtime.evaluate', { expression: '0', timeout: 1000 }, () => leave(watch));
      return;
    }
    const error = reply.exceptionDetails?.exception?.description;
    const answer: LookAnswer = error === undefined ? reply.result.value : ++failures < MAX_FAILURES;
    if (answer) {
      setTimeout(lookOnce, AGAIN_MS);
      return;
    }
    if (error !== undefined) tell(error.split('\n', 1).join());
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
    post: (method, params, onReply) => session.post(method, params, (_, reply) => onReply(reply as Reply)),
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
    const { id, result } = JSON.parse(params.message);
    waiting.get(id)?.(result);
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

Atomics.store(cells, READY, 1);
Atomics.notify(cells, READY);
watch();
