import { asNobody } from '../deadline/current-attempt.js';
import { takeUncaughtErrors } from '../process/uncaught-gate.js';
import type { MacrotaskQueue } from './macrotask-queue.js';
import { askForSignsOfLife, isOfHalfMadePort, mendStreams } from './node/signs-of-life.js';
import { realTimeMs } from './real-time.js';

/** How often the event loop turns before a part of Node that has given no sign of life counts as damaged. */
const TURNS = 4;

/** After how long another sign counts as another turn. The timer that is a sign of life is due long before. */
const TURN_MS = 15;

/** How long a turn may take. With a small share of the CPU a look would only delay it. */
const MAX_TURN_MS = 50;

export interface RecoveryOptions {
  /** Where Node writes to its standard streams synchronously. */
  readonly isMainThread: boolean;
  /** Whether the watching thread is no longer connected to this one. */
  readonly isLeftAlone: () => boolean;
  /** Called for each part that works no longer. */
  readonly onDamage: (part: string) => void;
}

/** Holds back all steps after an interruption, until Node has shown that it is whole. */
export class Recovery {
  readonly #steps: MacrotaskQueue;
  readonly #options: RecoveryOptions;
  #missing: (() => readonly string[]) | undefined;
  #turnsLeft = 0;
  #turnAtMs = 0;

  constructor(steps: MacrotaskQueue, options: RecoveryOptions) {
    this.#steps = steps;
    this.#options = options;
  }

  begin(): void {
    this.#missing = undefined;
    this.#turnsLeft = TURNS;
    // From now on, because such a port may be closed much later.
    takeUncaughtErrors('half-made', (_, error) => isOfHalfMadePort(error));
    // Not at once: an interruption may drop what is asked for in its own turn.
    this.#steps.hold(() => {
      this.#missing ??= asNobody(() => askForSignsOfLife(this.#options.isMainThread, () => this.#goOn()));
    });
  }

  /** When the event loop has to be seen to turn, whatever else happens; `Infinity` if that does not matter. */
  get msUntilTurn(): number {
    return this.#turnsLeft > 0 ? MAX_TURN_MS : Number.POSITIVE_INFINITY;
  }

  /** Notes that the event loop turns, which does not depend on what may be damaged. Several signs may come in one turn. */
  noteTurn(): void {
    if (!this.#missing) return;
    if (realTimeMs() >= this.#turnAtMs + TURN_MS) {
      this.#turnAtMs = realTimeMs();
      this.#turnsLeft--;
      // Not before: a stream may still be writing.
      if (this.#turnsLeft === 1 && this.#options.isMainThread) mendStreams();
    }
    this.#goOn();
  }

  #goOn(): void {
    const missing = this.#missing?.();
    if (!missing) return;
    const isWhole = missing.length === 0 && this.#options.isLeftAlone();
    if (!isWhole && this.#turnsLeft > 0) return;
    for (const part of missing) this.#options.onDamage(part);
    this.#missing = undefined;
    this.#turnsLeft = 0;
    this.#steps.release();
  }
}
