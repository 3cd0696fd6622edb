import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Context } from 'aws-lambda';
import { GracefulTimeout } from 'lambda-graceful-timeout';
import { describeMachine } from './machine.js';
import { median } from './percentile.js';
import { printTable, round } from './table.js';

const MAX_COST_US = 10;
const ROUNDS = 100;
const REQUESTS = 50;

const context = { getRemainingTimeInMillis: () => 900_000 } as Context;

type Work = () => Promise<unknown>;

async function repeat(work: Work): Promise<void> {
  for (let index = 0; index < REQUESTS; index++) await work();
}

class Orders {
  @GracefulTimeout(1000)
  async handler(work: Work, _context: Context): Promise<void> {
    await repeat(work);
  }
}
const orders = new Orders();

const server = http.createServer((_request, response) => response.end('answer')).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const agent = new http.Agent({ keepAlive: true });

const TRACKING = 'what this package does alone, through an SDK of ten layers';
const created = channel('undici:request:create');
const ended = channel('undici:request:trailers');

/** Begins and ends a request as undici does, below some functions that wait for each other, as the AWS SDK is. */
async function trackBelow(layers: number): Promise<void> {
  if (layers > 0) return await trackBelow(layers - 1);
  await null;
  const request = { method: 'GET', origin: url };
  created.publish({ request });
  ended.publish({ request });
}

const works: Record<string, Work> = {
  'node:http': () =>
    new Promise((resolve, reject) => {
      const request = http.get(url, { agent }, (response) => response.resume().once('end', resolve));
      request.once('error', reject);
    }),
  fetch: async () => (await fetch(url)).text(),
  [TRACKING]: () => trackBelow(10),
};

async function meanUs(run: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await run();
  return ((performance.now() - start) * 1000) / REQUESTS;
}

/** What a piece of work takes outside of an invocation and in one. They take turns: what drifts is in both. */
async function measure(work: Work): Promise<{ outsideUs: number; insideUs: number }> {
  const outside: number[] = [];
  const inside: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    outside.push(await meanUs(() => repeat(work)));
    inside.push(await meanUs(() => orders.handler(work, context)));
  }
  return { outsideUs: median(outside), insideUs: median(inside) };
}

const times: Record<string, { outsideUs: number; insideUs: number }> = {};
for (const [name, work] of Object.entries(works)) times[name] = await measure(work);

console.log(`What a request costs more in an invocation, median of ${ROUNDS} rounds. ${describeMachine()}`);
printTable(
  Object.entries(times).map(([name, { outsideUs, insideUs }]) => ({
    '': name,
    'outside, µs': round(outsideUs, 1),
    'in an invocation, µs': round(insideUs, 1),
    'more, µs': round(insideUs - outsideUs, 1),
  })),
);
const { outsideUs = Number.NaN, insideUs = Number.NaN } = times[TRACKING] ?? {};
const costUs = insideUs - outsideUs;
console.log(`To note a request costs ${costUs.toFixed(1)} µs, of ${MAX_COST_US} µs allowed.\n`);
if (!(costUs <= MAX_COST_US)) {
  console.error(
    'It is too slow: measure again on an idle machine, then see lib/deadline/track-operations.ts.',
  );
  process.exitCode = 1;
}
agent.destroy();
server.close();
