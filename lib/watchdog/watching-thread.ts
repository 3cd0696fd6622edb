import { ASLEEP_UNTIL, DUE, LOOK, NEVER, READY, SEQUENCE } from './shared-memory.js';

/**
 * What the watchdog's own thread runs. It is a string, because bundlers do not find the files of workers, and minifiers and
 * coverage tools break what `Function#toString` gives.
 *
 * It sleeps until something is due. Then it asks the watched thread for a sign of life. If none comes, it makes V8 call a
 * function on that thread, in the middle of the code that blocks it.
 */
export const WATCHING_THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
const inspector = require('node:inspector');
const { writeSync } = require('node:fs');
const { zero, threadId } = workerData;
const cells = new Int32Array(workerData.memory);
/** How long a thread that is alive may take to answer. */
const PATIENCE_MS = 15;
/** After how long it looks again, if the last look met a function of Node. */
const AGAIN_MS = 1;
/** How often it looks again at once, where the watched thread's stack has no room for a look. */
const MAX_FAILURES = 50;
/** After how long it tries again, where the watched thread could not be reached. */
const RETRY_MS = 1000;
const expression = 'globalThis[Symbol.for(${JSON.stringify(Symbol.keyFor(LOOK))})]()';

const now = () => Number((process.hrtime.bigint() - zero) / 1000000n);

// Keeps this thread alive for the answers of the inspector.
setInterval(() => {}, 2 ** 30);

const watch = () => {
  for (;;) {
    const seen = Atomics.load(cells, ${SEQUENCE});
    const due = Atomics.load(cells, ${DUE});
    Atomics.store(cells, ${ASLEEP_UNTIL}, due);
    if (Atomics.load(cells, ${DUE}) !== due) continue;
    if (due === ${NEVER}) Atomics.wait(cells, ${SEQUENCE}, seen);
    else if (due > now()) Atomics.wait(cells, ${SEQUENCE}, seen, due - now());
    else if (isStuck(due)) return look();
  }
};

// A thread that is alive receives the message and sets a later time.
const isStuck = (due) => {
  parentPort.postMessage(undefined);
  Atomics.wait(cells, ${SEQUENCE}, Atomics.load(cells, ${SEQUENCE}), PATIENCE_MS);
  return Atomics.load(cells, ${DUE}) === due;
};

const told = new Set();

// The watched thread is stuck, so its logger cannot be asked to say it.
const tell = (reason) => {
  if (told.has(reason)) return;
  told.add(reason);
  writeSync(2, 'lambda-graceful-timeout: code that blocks the event loop cannot be interrupted: ' + reason + '\\n');
};

const look = () => {
  let failures = 0;
  const session = new inspector.Session();
  session.connectToMainThread();
  const leave = (next) => {
    session.disconnect();
    next();
  };
  const evaluate = threadId === 0 ? onMainThread(session) : onWorker(session);
  const lookOnce = () => evaluate(onReply);
  const onReply = (reply) => {
    const error = reply?.exceptionDetails?.exception?.description;
    const isToRepeat = error === undefined ? reply?.result?.value === true : ++failures < MAX_FAILURES;
    if (isToRepeat) return setTimeout(lookOnce, AGAIN_MS);
    if (error !== undefined) tell(error.split('\\n')[0]);
    end(watch);
  };
  const end = (next) => (threadId === 0 ? leave(next) : session.post('NodeWorker.disable', () => leave(next)));
  evaluate.onLost = () => {
    tell('the inspector does not know worker thread ' + threadId);
    end(() => setTimeout(watch, RETRY_MS));
  };
  lookOnce();
};

const onMainThread = (session) => (onAnswer) =>
  session.post('Runtime.evaluate', { expression }, (error, reply) => onAnswer(reply));

// The session reaches only the main thread, which passes messages on to its workers.
const onWorker = (session) => {
  let sessionId;
  let onAnswer;
  const evaluate = (callback) => {
    onAnswer = callback;
    if (sessionId !== undefined) send();
    else session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, () => setTimeout(checkFound, 100));
  };
  const send = () => {
    const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } });
    session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
  };
  const checkFound = () => sessionId === undefined && evaluate.onLost();
  session.on('NodeWorker.attachedToWorker', ({ params }) => {
    if (!params.workerInfo.title.includes('[worker ' + threadId + ']')) return;
    sessionId = params.sessionId;
    send();
  });
  session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
    if (params.sessionId !== sessionId) return;
    const { id, result } = JSON.parse(params.message);
    if (id === 1) onAnswer(result);
  });
  session.on('NodeWorker.detachedFromWorker', ({ params }) => {
    if (params.sessionId === sessionId) onAnswer();
  });
  return evaluate;
};

Atomics.store(cells, ${READY}, 1);
Atomics.notify(cells, ${READY});
watch();
`;
