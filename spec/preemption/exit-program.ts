/**
 * Blocks a handler, and exits in its hook, while the watchdog may still be connected to this thread. With an argument the handler
 * is abandoned instead, and the program blocks for this number of ms before it exits.
 */
import { Finally, GracefulTimeout } from 'lambda-graceful-timeout';
import { FakeContext } from '../support/context.js';
import { loop } from './blocks.js';

const [, , busyMs] = process.argv;
const MARGIN_MS = 2000;

class Tasks {
  @GracefulTimeout({ marginMs: MARGIN_MS, preempt: true, logger: { error() {}, warn() {} } })
  async handler(_event: unknown, _context: FakeContext): Promise<void> {
    if (busyMs === undefined) loop();
    await new Promise(() => {});
  }

  @Finally
  protected exit(): void {
    if (busyMs !== undefined) return;
    console.log('exits');
    process.exit(3);
  }
}

await new Tasks().handler({}, new FakeContext(20 + MARGIN_MS)).catch(() => {});
const until = performance.now() + Number(busyMs);
while (performance.now() < until);
process.exit(4);
