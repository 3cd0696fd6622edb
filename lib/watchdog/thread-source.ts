import { sharedSymbol } from '../shared.js';

/** The cells of the memory that a thread shares with its watchdog; times in ms since the watchdog was made. */
export const SEQUENCE = 0;
export const DUE = 1;
export const ASLEEP_UNTIL = 2;
export const CELLS = 3;

/** In place of a time: nothing is due. No time after it either, 24 days on, which is longer than environments live. */
export const NEVER = 2 ** 31 - 1;

/** The name under which the watched thread's global object holds the function that the watchdog calls. */
export const LOOK: symbol = sharedSymbol('look');

/**
 * What the watchdog's own thread runs. A string, as bundlers do not find the files of workers, and minifiers and
 * coverage tools break what `Function#toString` gives.
 */
export const THREAD_SOURCE = `
const { parentPort, workerData } = require('node:worker_threads');
const inspector = require('node:inspector');
const { startedAt, threadId } = workerData;
const cells = new Int32Array(workerData.memory);
const GRACE_MS = 15;
const expression = 'globalThis[Symbol.for(${JSON.stringify(Symbol.keyFor(LOOK))})]()';

const now = () => Number((process.hrtime.bigint() - startedAt) / 1000000n);

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
    else if (isStuck(due)) return interrupt();
  }
};

// A thread that is alive hears the message and moves what is due.
const isStuck = (due) => {
  parentPort.postMessage(undefined);
  Atomics.wait(cells, ${SEQUENCE}, Atomics.load(cells, ${SEQUENCE}), GRACE_MS);
  return Atomics.load(cells, ${DUE}) === due;
};

const interrupt = () => {
  const session = new inspector.Session();
  session.connectToMainThread();
  const done = () => {
    session.disconnect();
    watch();
  };
  if (threadId === 0) session.post('Runtime.evaluate', { expression }, done);
  else throughMainThread(session, done);
};

// The session reaches the main thread only; that one can pass messages on to its workers.
const throughMainThread = (session, done) => {
  let sessionId;
  const leave = () => session.post('NodeWorker.disable', done);
  session.on('NodeWorker.attachedToWorker', ({ params }) => {
    if (!params.workerInfo.title.includes('[worker ' + threadId + ']')) return;
    sessionId = params.sessionId;
    const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } });
    session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
  });
  session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
    if (params.sessionId === sessionId && JSON.parse(params.message).id === 1) leave();
  });
  session.on('NodeWorker.detachedFromWorker', ({ params }) => {
    if (params.sessionId === sessionId) leave();
  });
  session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
};

watch();
`;
