/** Blocks a handler, and exits in its hook, while the watchdog may still be connected to this thread. */
import { Finally, GracefulTimeout } from 'lambda-graceful-timeout';
import { FakeContext } from '../support/context.js';
import { loop } from './blocks.js';

const MARGIN_MS = 2000;

class Tasks {
  @GracefulTimeout({ marginMs: MARGIN_MS, preempt: true, logger: { error() {}, warn() {} } })
  async handler(_event: unknown, _context: FakeContext): Promise<void> {
    loop();
  }

  @Finally
  protected exit(): void {
    console.log('exits');
    process.exit(3);
  }
}

await new Tasks().handler({}, new FakeContext(20 + MARGIN_MS));
