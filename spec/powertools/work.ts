import { setImmediate as nextImmediate, setTimeout as sleep } from 'node:timers/promises';
import { currentDeadline } from '../../lib/index.js';

export type Kind = 'succeed' | 'fail' | 'hang' | 'fail late' | 'heed';

/** The work of a handler, as its event asks for it. `heed` hangs until the deadline, other work that hangs until `end()`. */
export class Work {
  /** How many times it has begun. */
  begun = 0;
  #ends: (() => void)[] = [];

  /** How many times it hangs now. */
  get hanging(): number {
    return this.#ends.length;
  }

  async do(kind: Kind): Promise<string> {
    this.begun++;
    if (kind === 'heed') await sleep(60_000, undefined, { signal: currentDeadline().signal });
    if (kind === 'hang' || kind === 'fail late') {
      await new Promise<void>((resolve) => this.#ends.push(resolve));
    }
    if (kind === 'fail' || kind === 'fail late') throw new RangeError('handler failed');
    return 'done';
  }

  /** Ends the work that hangs, and lets the code that awaits it run. */
  async end(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    await nextImmediate();
  }
}
