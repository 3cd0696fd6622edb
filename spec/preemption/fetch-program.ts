/**
 * Blocks a handler in the middle of an HTTP response, in the place that its argument names. Prints a report as a line of
 * JSON.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GracefulTimeout, LambdaTimeoutError } from 'lambda-graceful-timeout';
import { request } from 'undici';
import { FakeContext } from '../support/context.js';
import { loop } from './blocks.js';

const PART = 'x'.repeat(100_000);
const PARTS = 5;

const server = createServer(async (_request, response) => {
  for (let part = 0; part < PARTS; part++) {
    response.write(PART);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  response.end();
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

class Tasks {
  @GracefulTimeout({ marginMs: 1000, preempt: true, logger: { error() {}, warn: console.error } })
  async handler(work: () => unknown, _context: unknown): Promise<unknown> {
    return work();
  }
}

const tasks = new Tasks();

/** Invokes a handler that does this work and has this much time until its deadline. Returns how it ended. */
async function invoke(timeMs: number, work: () => unknown): Promise<unknown> {
  const [outcome] = await Promise.allSettled([tasks.handler(work, new FakeContext(timeMs + 1000))]);
  if (outcome.status === 'fulfilled') return outcome.value;
  const { reason } = outcome;
  return reason instanceof LambdaTimeoutError
    ? { name: reason.name, preempted: reason.preempted }
    : String(reason);
}

const readText = async (): Promise<number> => (await (await fetch(url)).text()).length;

const blocks: Record<string, () => Promise<unknown>> = {
  async 'a loop over the body of fetch'() {
    for await (const _ of (await fetch(url)).body ?? []) loop();
  },
  async 'a reaction to the text of fetch'() {
    await (await fetch(url)).text().then(loop);
  },
  async 'a reaction to the head of fetch'() {
    await fetch(url).then(loop);
  },
  async 'a stream that transforms the body of fetch'() {
    const { body } = await fetch(url);
    const transformed = body?.pipeThrough(new TransformStream({ transform: loop }));
    for await (const _ of transformed ?? []);
  },
  async 'a loop over the body of request()'() {
    for await (const _ of (await request(url)).body) loop();
  },
  async 'a reaction to the text of request()'() {
    await (await request(url)).body.text().then(loop);
  },
  async 'an end callback of request()'() {
    const { body } = await request(url);
    await new Promise(() => body.resume().on('end', loop));
  },
};

const [name = ''] = process.argv.slice(2);
const before = await invoke(5000, readText);
const blocked = await invoke(200, () => blocks[name]?.());
const after: unknown[] = [];
for (let count = 0; count < 5; count++) after.push(await invoke(5000, readText));
after.push(await invoke(5000, async () => (await (await request(url)).body.text()).length));
console.log(JSON.stringify({ before, blocked, after }));
server.closeAllConnections();
server.close();
