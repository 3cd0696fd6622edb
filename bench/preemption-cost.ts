import { setTimeout as wait } from 'node:timers/promises';
import { GracefulTimeout } from 'lambda-graceful-timeout';

/** What a process with one decorated class costs. */
export interface Cost {
  readonly definitionMs: number;
  readonly cpuMs: number;
  readonly rssMb: number;
}

// Run by preemption.ts, once with `true` and once with `false`.
const preempt = process.argv[2] === 'true';
const UNTIL_IDLE_MS = 500;

const cpuBefore = process.cpuUsage();
const startedAtMs = performance.now();
class Orders {
  @GracefulTimeout({ marginMs: 1000, preempt })
  async handler(): Promise<void> {}
}
const definitionMs = performance.now() - startedAtMs;

await wait(UNTIL_IDLE_MS);
const { user, system } = process.cpuUsage(cpuBefore);
const cost: Cost = {
  definitionMs,
  cpuMs: (user + system) / 1000,
  rssMb: process.memoryUsage.rss() / 2 ** 20,
};
console.log(JSON.stringify(cost));
void Orders;
