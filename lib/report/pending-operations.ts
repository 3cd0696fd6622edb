import { captureTrace, framesOf, isBuiltIn, type Trace } from './stack.js';
import type { StackBudget } from './stack-budget.js';

/**
 * An operation that an invocation had begun, and that had not ended when its deadline came.
 *
 * @example
 * ```ts
 * import type { LambdaTimeoutError, PendingOperation } from 'lambda-graceful-timeout';
 *
 * export function slowest(error: LambdaTimeoutError): PendingOperation | undefined {
 *   return error.pending.find(({ operation }) => operation.startsWith('POST '));
 * }
 * ```
 */
export interface PendingOperation {
  /**
   * `POST https://api.example.com` for a request of `node:http`, `node:https`, `fetch` or undici, until the body of its
   * response has ended. `connection to db.internal:5432` for a connection of any other client, which is being opened or is
   * open. `child process ffmpeg` for a child process, and `promise` for a `race()`. Never a path, query, header, argument or
   * body.
   */
  readonly operation: string;
  /** Time from its beginning until the error was made, in whole ms. */
  readonly sinceMs: number;
  /**
   * The innermost frames of the user's own code that began it, at most three, each on a line, as
   * `at shipOrder (file:///var/task/app.mjs:23:7)`. Absent where Node does not tell, as for `node:http` on Node 20.
   */
  readonly startedAt?: string;
}

/** The pending operations, as an error shows them. */
export interface Pending {
  readonly operations: readonly PendingOperation[];
  /** For its message; undefined if nothing is under way. */
  readonly waitingFor: string | undefined;
}

export const NOTHING_PENDING: Pending = { operations: [], waitingFor: undefined };

/** Describes an operation; undefined if it is not under way, or is a part of another one that is listed. */
export type Describe = (trace: Trace, stacks: StackBudget) => Description | undefined;

export interface Description {
  readonly operation: string;
  /** Whether it may be idle, as a connection in a pool. The message names it only if nothing else is pending. */
  readonly mayBeIdle?: boolean;
}

interface Begun {
  readonly describe: Describe;
  readonly atMs: number;
  readonly trace: Trace;
}

/** How many operations an error lists. */
const MAX_OPERATIONS = 20;

/** How many frames tell where an operation has begun. */
const MAX_FRAMES = 3;

/** The operations that one attempt has begun and that have not ended, the oldest first. */
export class PendingOperations {
  readonly #begun = new Map<object, Begun>();

  /**
   * @param subject - the object that ends, such as a request
   * @param below - the stack begins at the caller of this function
   */
  begin(subject: object, describe: Describe, below: (...args: never) => unknown): void {
    this.#begun.set(subject, { describe, atMs: performance.now(), trace: captureTrace(below) });
  }

  end(subject: object): void {
    this.#begun.delete(subject);
  }

  /** Forgets them. Connections live longer than the attempt, and must not keep in memory what it has used. */
  clear(): void {
    this.#begun.clear();
  }

  /** Lists them. Only now their stacks are written out, which takes time. */
  list(stacks: StackBudget): Pending {
    const now = performance.now();
    const all = [...this.#begun.values()].flatMap((begun) => {
      const description = describe(begun, stacks);
      return description
        ? [{ ...description, sinceMs: Math.round(now - begun.atMs), trace: begun.trace }]
        : [];
    });
    const [oldest] = all;
    if (!oldest) return NOTHING_PENDING;
    const { operation, sinceMs } = all.find(({ mayBeIdle }) => !mayBeIdle) ?? oldest;
    const others = all.length === 1 ? '' : ` (and ${all.length - 1} more)`;
    return {
      operations: all.slice(0, MAX_OPERATIONS).map((each) => toOperation(each, stacks)),
      waitingFor: `${operation} since ${sinceMs} ms${others}`,
    };
  }
}

/** Describes an operation. One that cannot be described is not listed: the timeout must not fail because of it. */
function describe(begun: Begun, stacks: StackBudget): Description | undefined {
  try {
    return begun.describe(begun.trace, stacks);
  } catch {
    return undefined;
  }
}

function toOperation(
  { operation, sinceMs, trace }: Omit<PendingOperation, 'startedAt'> & { trace: Trace },
  stacks: StackBudget,
): PendingOperation {
  const startedAt = findStart(trace, stacks);
  return startedAt === '' ? { operation, sinceMs } : { operation, sinceMs, startedAt };
}

/** Writes out the frames of the user's own code, and those of packages only if there are no others. */
function findStart(trace: Trace, stacks: StackBudget): string {
  const frames = framesOf(trace, stacks).filter((frame) => !isBuiltIn(frame));
  const own = frames.filter((frame) => !/[\\/]node_modules[\\/]/.test(frame));
  return (own.length > 0 ? own : frames).slice(0, MAX_FRAMES).join('\n');
}
