// Runs a client in one process or worker thread of its own, and prints what the timeouts say, each on a line as JSON.
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import type { Context } from 'aws-lambda';
import { GracefulTimeout, LambdaTimeoutError } from 'lambda-graceful-timeout';
import { type Client, clients } from './clients.js';
import type { Ports } from './servers.js';

/** What a program is to do. */
export interface Task {
  readonly client: string;
  readonly ports: Ports;
  /** The name of the call that hangs. */
  readonly call: string;
  /** How many invocations come before it, one after the other, all of which are answered. */
  readonly earlier: number;
  /** How many invocations there are at once. Each second one waits for a timer only. */
  readonly atOnce: number;
  /** Whether it waits for a line on its standard input before the call that hangs. */
  readonly isSignalled: boolean;
  readonly inWorker: boolean;
}

/** What a timeout says. */
export interface Said {
  readonly message: string;
  readonly pending: LambdaTimeoutError['pending'];
}

const MARGIN_MS = 500;
const DEADLINE_MS = 700;

class Orders {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  @GracefulTimeout({ marginMs: MARGIN_MS, logger: { error() {}, warn() {} } })
  async handler(call: string, _context: Context): Promise<void> {
    if (call === 'answered') await this.#client.answered();
    else if (call === 'nothing') await sleep(10_000);
    else await this.#client.hanging[call]?.();
  }
}

async function run({ client, ports, call, earlier, atOnce, isSignalled }: Task): Promise<Said[]> {
  const orders = new Orders((clients[client] as (ports: Ports) => Client)(ports));
  const invoke = (what: string): Promise<unknown> => {
    const until = performance.now() + MARGIN_MS + DEADLINE_MS;
    const context = { getRemainingTimeInMillis: () => until - performance.now() } as Context;
    return orders.handler(what, context).catch((error: unknown) => error);
  };
  for (let count = 0; count < earlier; count++)
    await Promise.all(Array.from({ length: atOnce }, () => invoke('answered')));
  if (isSignalled)
    await new Promise((resolve) => {
      process.stdout.write('ready\n');
      process.stdin.once('data', resolve);
    });
  const errors = await Promise.all(
    Array.from({ length: atOnce }, (_, index) => invoke(index % 2 === 0 ? call : 'nothing')),
  );
  return errors.map((error) => {
    if (!(error instanceof LambdaTimeoutError)) throw new Error(`Expected a timeout, got ${error}`);
    return { message: error.message, pending: error.pending };
  });
}

const task: Task = isMainThread ? JSON.parse(process.argv[2] as string) : workerData;
if (isMainThread && task.inWorker) new Worker(new URL(import.meta.url), { workerData: task });
else {
  for (const said of await run(task)) process.stdout.write(`${JSON.stringify(said)}\n`);
  await sleep(50);
  process.exit();
}
