import type { Session } from 'node:inspector';
import { attempts, NO_ATTEMPT } from '../deadline/current-attempt.js';
import { clearAsyncStack } from './node/async-stack.js';

/** Ends the code that is running on this thread. */
export class Interruption {
  /** The async resources in whose callbacks the code was running. */
  readonly resources: object[] = [];
  readonly #session: Session;
  readonly #endHookCalls: () => void;
  readonly #onEnded: () => void;
  #tries = 0;
  #isEnding = false;
  #wasSeen = false;

  /**
   * @param session - of this thread, connected
   * @param onEnded - called once the stack has been unwound, before anything else runs
   */
  constructor(session: Session, endHookCalls: () => void, onEnded: () => void) {
    this.#session = session;
    this.#endHookCalls = endHookCalls;
    this.#onEnded = onEnded;
  }

  get tries(): number {
    return this.#tries;
  }

  /** Whether `onEnded` has been called. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /**
   * Whether the code goes on, because native code has swallowed the termination, as `vm` with a `timeout` does. A look that
   * was asked for meanwhile may also come just as the code has ended, at the first call after that. Another one cannot.
   */
  isSwallowed(): boolean {
    const wasSeen = this.#wasSeen;
    this.#wasSeen = true;
    return wasSeen;
  }

  /** Puts right what Node knows of the calls that are under way. Must be called before the code is ended, and after it. */
  clear(): void {
    attempts.run(NO_ATTEMPT, () => {
      this.#endHookCalls();
      this.resources.push(...clearAsyncStack());
    });
  }

  /** Must be the last call of a look: V8 ends the code at the next call of a function, which must be one of that code. */
  ask(): void {
    this.#tries++;
    const tries = this.#tries;
    this.#session.post('Runtime.terminateExecution', (error) => {
      // An error: another one has asked for the same. Not the last try: `askAgain` has brought this call about.
      if (error || tries !== this.#tries) return;
      this.#isEnding = true;
      this.#onEnded();
    });
  }

  /**
   * Asks once more, because the termination was swallowed. For V8 it is still under way, and V8 refuses another one until it
   * has ended anything at all.
   */
  askAgain(): void {
    this.#tries++;
    this.#wasSeen = false;
    this.#session.post('Runtime.evaluate', { expression: 'for (;;);', timeout: 1 });
    this.ask();
  }
}
