import { framesOf, isBuiltIn, type Trace } from './stack.js';
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
   * What it is, and of which server:
   *
   * - `POST https://api.example.com`: a request of `node:http`, `node:https`, `fetch`, undici or `node:http2`, until the body
   *   of its response has ended
   * - `HGET redis://cache.internal:6379`: a command of a driver that publishes Node's tracing channels
   * - `pool of mysql://db.internal:3306`: waiting for a free connection
   * - `WebSocket wss://api.example.com`: one that is being opened, or that is open and in use
   * - `connection to db.internal:5432`: a connection of any other client, which is being opened, or is open and in use
   * - `child process ffmpeg`
   * - `promise`, or the name that it was given: a `race()`
   *
   * Never a path, query, header, key, argument, statement or body.
   */
  readonly operation: string;
  /** Time from its beginning until the error was made, in whole ms. */
  readonly sinceMs: number;
  /**
   * The innermost frames of the user's own code that began it, at most three, each on a line, as
   * `at shipOrder (file:///var/task/app.mjs:23:7)`. Absent where Node does not tell, as for `node:http` on Node 20, and for a
   * connection that an earlier invocation has opened.
   */
  readonly startedAt?: string;
  /** `true` if the head of its response has come and the body has not ended. Absent otherwise. */
  readonly isAnswered?: true;
}

/** The pending operations, as an error shows them. */
export interface Summary {
  readonly operations: readonly PendingOperation[];
  /** For its message; undefined if nothing is under way. */
  readonly waitingFor: string | undefined;
}

const NOTHING: Summary = { operations: [], waitingFor: undefined };

/** What is said of an operation. */
export interface Description {
  readonly operation: string;
  /**
   * For a connection, whether it is surely busy. Otherwise it may be idle, as one in a pool. Absent for what is not a
   * connection, and so is surely under way.
   */
  readonly isBusy?: boolean;
  /** Whether a request has not been sent yet. It may have been given up since, of which nobody tells. */
  readonly isUnsent?: boolean;
  /** Whether all of it has come, and only its end has not been told: a program has exited, or a response waits to be read. */
  readonly isDone?: boolean;
  /** The server of a command. */
  readonly server?: string | undefined;
  /** The server of a connection that is not listed if a command of it is. */
  readonly isUnder?: string | undefined;
}

/** An operation that is pending. Times are on the clock of `performance.now()`. */
export interface ListedOperation extends Description {
  readonly atMs: number;
  /** The stack where it began, and then those of what led to it. Empty if nobody saw it begin. */
  readonly traces: readonly Trace[];
  readonly isAnswered: boolean;
}

/** How many operations an error lists. */
const MAX_OPERATIONS = 20;

/** How many frames tell where an operation has begun. */
const MAX_FRAMES = 3;

/**
 * Shows what is pending.
 *
 * @param entries - the oldest first
 * @param stacks - what their stacks may cost
 */
export function summarize(entries: readonly ListedOperation[], nowMs: number, stacks: StackBudget): Summary {
  const [oldest] = entries;
  if (!oldest) return NOTHING;
  const sinceMs = ({ atMs }: ListedOperation): number => Math.round(nowMs - atMs);
  const named = entries.reduce((best, entry) => (doubtOf(entry) < doubtOf(best) ? entry : best), oldest);
  const others = entries.length === 1 ? '' : ` (and ${entries.length - 1} more)`;
  return {
    operations: entries.slice(0, MAX_OPERATIONS).map((entry) => ({
      operation: entry.operation,
      sinceMs: sinceMs(entry),
      // Only now the stack is written out, which takes time.
      ...startOf(entry.traces, stacks),
      ...(entry.isAnswered ? { isAnswered: true } : {}),
    })),
    waitingFor: `${named.operation} since ${sinceMs(named)} ms${others}`,
  };
}

/** How doubtful it is that an operation is what keeps the invocation waiting. */
function doubtOf({ isBusy, isAnswered, isUnsent, isDone }: ListedOperation): number {
  if (isDone) return 5;
  if (isBusy !== undefined) return isBusy ? 1 : 4;
  if (isAnswered) return 3;
  return isUnsent ? 2 : 0;
}

/** Writes out the frames of the user's own code, and those of packages only if there are no others. */
function startOf(traces: readonly Trace[], stacks: StackBudget): { readonly startedAt?: string } {
  const all = traces.map((trace) => framesOfFiles(trace, stacks));
  const shown = all.map((frames) => frames.filter(isOwn)).find(isNotEmpty) ?? all.find(isNotEmpty);
  return shown ? { startedAt: shown.slice(0, MAX_FRAMES).join('\n') } : {};
}

/**
 * Whether the user's own code is on the stack of a driver.
 *
 * @param unlessBundled - whether it counts as none where the driver's code looks like the user's, in a bundle that is not mapped
 */
export function isOfUser(trace: Trace, stacks: StackBudget, unlessBundled: boolean): boolean {
  const frames = framesOfFiles(trace, stacks);
  return frames.some(isOwn) && !(unlessBundled && isOwn(frames[0] as string));
}

const framesOfFiles = (trace: Trace, stacks: StackBudget): string[] =>
  framesOf(trace, stacks).filter((frame) => !isBuiltIn(frame));

const isOwn = (frame: string): boolean => !/[\\/]node_modules[\\/]/.test(frame);

const isNotEmpty = (frames: readonly string[]): boolean => frames.length > 0;
