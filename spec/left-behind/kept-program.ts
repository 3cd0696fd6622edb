/** Leaves something open in an invocation, and prints whether its event and its response stream are still in memory. */
import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { currentDeadline, Finally, GracefulTimeout, OnTimeout } from 'lambda-graceful-timeout';
import type { Report, Scenario } from './kept.js';

const { ends, opens, preempt }: Scenario = JSON.parse(process.argv[2] ?? '');

const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
await once(server, 'listening');
const agent = new Agent({ keepAlive: true });

async function open(): Promise<void> {
  if (opens === 'a timer') {
    setInterval(() => {}, 5);
    return;
  }
  const { port } = server.address() as AddressInfo;
  const [response] = await once(get({ port, agent }), 'response');
  await once(response.resume(), 'end');
}

const isOpen = (): boolean =>
  process.getActiveResourcesInfo().some((type) => type === 'Timeout') ||
  Object.keys(agent.freeSockets).length > 0;

const MARGIN_MS = 2000;
const DEADLINE_MS = 100;
const logger = { error() {}, warn() {} };

class Orders {
  @GracefulTimeout({ marginMs: MARGIN_MS, preempt, logger })
  async handler(_event: object, _stream: PassThrough, _context: object): Promise<void> {
    const signal = ends === 'abandoned' ? undefined : currentDeadline().signal;
    await open();
    if (ends === 'in time') return;
    if (!signal) await new Promise(() => {});
    else if (!signal.aborted) await once(signal, 'abort');
    if (ends === 'by listening to its signal') signal?.throwIfAborted();
  }

  @OnTimeout
  protected report(_error: unknown, _event: object, _stream: PassThrough): Promise<void> {
    return open();
  }

  @Finally
  protected close(_outcome: unknown, _event: object, _stream: PassThrough): Promise<void> {
    return open();
  }
}
const orders = new Orders();

async function invoke(): Promise<Record<string, WeakRef<object>>> {
  const event = { records: ['order'] };
  const stream = new PassThrough();
  const hardDeadlineMs = performance.now() + MARGIN_MS + DEADLINE_MS;
  const context = { getRemainingTimeInMillis: () => hardDeadlineMs - performance.now() };
  await orders.handler(event, stream, context).catch(() => {});
  return { event: new WeakRef(event), stream: new WeakRef(stream) };
}

const references = await invoke();
for (let round = 0; round < 3; round++) {
  await sleep(10); // a WeakRef keeps its object in memory until the end of the turn that made or read it
  globalThis.gc?.();
}
const kept = Object.keys(references).filter((name) => references[name]?.deref() !== undefined);
console.log(JSON.stringify({ isOpen: isOpen(), kept } satisfies Report));
process.exit();
