import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Context } from 'aws-lambda';
import { GracefulTimeout } from 'lambda-graceful-timeout';
import { describeMachine } from './machine.js';
import { median } from './percentile.js';
import { printTable, round } from './table.js';

/** What this package does for a request, in a warm loop. */
const MAX_COST_US = 10;
/** What a request on the wire costs more: nearly all of it is V8, which walks a stack that the CPU's caches have lost. */
const MAX_COST_ON_WIRE_US = 100;
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

const server = http
  .createServer((request, response) => request.resume().once('end', () => response.end('{}')))
  .listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const agent = new http.Agent({ keepAlive: true });
const credentials = { accessKeyId: 'none', secretAccessKey: 'none' };
const dynamoDb = new DynamoDBClient({ endpoint: url, region: 'eu-west-1', credentials });
const order = new PutItemCommand({ TableName: 'orders', Item: { id: { S: 'A-1' } } });

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
  'PutItem of the AWS SDK': () => dynamoDb.send(order),
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
for (const [name, { outsideUs, insideUs }] of Object.entries(times)) {
  const costUs = insideUs - outsideUs;
  const maxUs = name === TRACKING ? MAX_COST_US : MAX_COST_ON_WIRE_US;
  if (costUs <= maxUs) continue;
  console.error(
    `Expected at most ${maxUs} µs more for ${name}, got ${round(costUs, 1)} µs. Is the machine idle?`,
  );
  process.exitCode = 1;
}
dynamoDb.destroy();
agent.destroy();
server.close();
