import { channel, tracingChannel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Context } from 'aws-lambda';
import { describeMachine } from './machine.js';
import { median } from './percentile.js';
import { printTable, round } from './table.js';

/** What this package does for a request or a command, in a warm loop. */
const MAX_COST_US = 10;
/** The same with the stack for `startedAt`, which is nearly all of it: on the wire the CPU's caches have lost that stack. */
const MAX_COST_WITH_STACK_US = 50;
/** What an invocation that begins nothing costs more while ten connections are open. */
const MAX_COST_OF_CONNECTIONS_US = 1;
const ROUNDS = 100;
const REQUESTS = 50;
const EMPTY_INVOCATIONS = 2000;

const context = { getRemainingTimeInMillis: () => 900_000 } as Context;

type Work = () => Promise<unknown>;

interface Times {
  readonly withoutUs: number;
  readonly withUs: number;
  readonly maxUs: number;
}

/** The time of the CPU, which says the same whatever else the machine does. */
async function meanUs(count: number, work: Work): Promise<number> {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / count;
}

const repeat =
  (work: Work): Work =>
  async () => {
    for (let index = 0; index < REQUESTS; index++) await work();
  };

// What a command costs its driver as soon as a channel has a subscriber is measured before this package is one.
const command = tracingChannel('ioredis:command');
const describeCommand = () => ({ command: 'get', args: ['?'], serverAddress: 'cache', serverPort: 6379 });
/** Sends a command as a driver does. */
const send: Work = () =>
  command.hasSubscribers === false
    ? Promise.resolve()
    : command.tracePromise(() => Promise.resolve(), describeCommand());

const untracedUs: number[] = [];
for (let round = 0; round < ROUNDS; round++) untracedUs.push(await meanUs(REQUESTS, repeat(send)));

const { GracefulTimeout } = await import('lambda-graceful-timeout');

class Orders {
  @GracefulTimeout(1000)
  async handler(work: Work | undefined, _context: Context): Promise<void> {
    await work?.();
  }
}
const orders = new Orders();

/** What a piece of work takes outside of an invocation and in one. They take turns: what drifts is in both. */
async function compare(work: Work, maxUs: number): Promise<Times> {
  const outside: number[] = [];
  const inside: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    outside.push(await meanUs(REQUESTS, repeat(work)));
    inside.push(await meanUs(REQUESTS, () => orders.handler(repeat(work), context)));
  }
  return { withoutUs: median(outside), withUs: median(inside), maxUs };
}

const server = http
  .createServer((request, response) => request.resume().once('end', () => response.end('{}')))
  .listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const agent = new http.Agent({ keepAlive: true });
const credentials = { accessKeyId: 'none', secretAccessKey: 'none' };
const dynamoDb = new DynamoDBClient({ endpoint: url, region: 'eu-west-1', credentials });
const order = new PutItemCommand({ TableName: 'orders', Item: { id: { S: 'A-1' } } });

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

const getOverHttp: Work = () =>
  new Promise((resolve, reject) => {
    const request = http.get(url, { agent }, (response) => response.resume().once('end', resolve));
    request.once('error', reject);
  });

/** What an empty invocation takes with no connection open, and with ten. */
async function compareConnections(): Promise<Times> {
  const peer = createServer((socket) => socket.resume().on('error', () => {})).listen(0, '127.0.0.1');
  await once(peer, 'listening');
  const invocations: Work = async () => {
    for (let index = 0; index < EMPTY_INVOCATIONS; index++) await orders.handler(undefined, context);
  };
  const none: number[] = [];
  const ten: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    none.push(await meanUs(EMPTY_INVOCATIONS, invocations));
    const sockets: Socket[] = [];
    for (let index = 0; index < 10; index++) {
      const socket = connect((peer.address() as AddressInfo).port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write('hello');
      sockets.push(socket);
    }
    ten.push(await meanUs(EMPTY_INVOCATIONS, invocations));
    for (const socket of sockets) await once(socket.destroy(), 'close');
  }
  peer.close();
  return { withoutUs: median(none), withUs: median(ten), maxUs: MAX_COST_OF_CONNECTIONS_US };
}

const times: Record<string, Times> = {
  // First, while nothing else has opened a connection.
  'an empty invocation: with ten connections open': await compareConnections(),
  'a request: what this package does alone, through an SDK of ten layers': await compare(
    () => trackBelow(10),
    MAX_COST_US,
  ),
  'a command of a driver: what this package does alone, with its stack': await compare(
    send,
    MAX_COST_WITH_STACK_US,
  ),
  'a request of node:http': await compare(getOverHttp, MAX_COST_WITH_STACK_US),
  'a request of fetch': await compare(async () => (await fetch(url)).text(), MAX_COST_WITH_STACK_US),
  'PutItem of the AWS SDK': await compare(() => dynamoDb.send(order), MAX_COST_WITH_STACK_US),
};
const ofSubscriber = times['a command of a driver: what this package does alone, with its stack'] as Times;
times['a command of a driver outside of an invocation: with a subscriber'] = {
  withoutUs: median(untracedUs),
  withUs: ofSubscriber.withoutUs,
  maxUs: MAX_COST_US,
};

console.log(
  `Time of the CPU that it costs to know what is pending, median of ${ROUNDS} rounds. ${describeMachine()}`,
);
printTable(
  Object.entries(times).map(([name, { withoutUs, withUs, maxUs }]) => ({
    '': name,
    'without, µs': round(withoutUs, 2),
    'with, µs': round(withUs, 2),
    'more, µs': round(withUs - withoutUs, 2),
    'at most, µs': maxUs,
  })),
);
for (const [name, { withoutUs, withUs, maxUs }] of Object.entries(times)) {
  const costUs = withUs - withoutUs;
  if (costUs <= maxUs) continue;
  console.error(
    `Expected at most ${maxUs} µs more for ${name}, got ${round(costUs, 2)} µs. Is the machine idle?`,
  );
  process.exitCode = 1;
}
dynamoDb.destroy();
agent.destroy();
server.close();
