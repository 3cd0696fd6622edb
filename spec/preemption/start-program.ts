/**
 * Defines two classes in an ordinary function of a given memory size. Prints for each wait of this thread how ready the
 * watchdog was after it. Where the CPU is scarce, it is taken away for a while after each wait.
 */
import { GracefulTimeout } from 'lambda-graceful-timeout';
import { READY } from '../../lib/watchdog/two-threads.js';

const [megabytes, preempt, cpu] = process.argv.slice(2);
process.env.AWS_LAMBDA_RUNTIME_API = '127.0.0.1:9001';
if (megabytes !== undefined && megabytes !== '') process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE = megabytes;
else delete process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE;

const readyAfter: number[] = [];
const { wait } = Atomics;
Object.assign(Atomics, {
  wait(cells: Int32Array<SharedArrayBuffer>, index: number, value: number, timeoutMs: number): string {
    const result = wait(cells, index, value, timeoutMs);
    readyAfter.push(Atomics.load(cells, READY));
    const untilMs = performance.now() + (cpu === 'scarce' ? 200 : 0);
    while (performance.now() < untilMs);
    return result;
  },
});

class Tasks {
  @GracefulTimeout({ marginMs: 1000, preempt: preempt !== 'without' })
  async handler(): Promise<void> {}
}
void Tasks;

class MoreTasks {
  @GracefulTimeout({ marginMs: 1000, preempt: preempt !== 'without' })
  async handler(): Promise<void> {}
}
void MoreTasks;

console.log(JSON.stringify(readyAfter));
