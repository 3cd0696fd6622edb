/** A function whose invocations overlap and observe themselves. It imports the built package, as a user's code does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import type { Context } from 'aws-lambda';
import {
  currentDeadline,
  Finally,
  GracefulTimeout,
  type LambdaTimeoutError,
  OnTimeout,
} from 'lambda-graceful-timeout';

/** What the event asks for. */
export interface Overlap {
  readonly id: number;
  readonly marginMs: number;
  /** How long the handler takes, at least. Without it, the handler never ends. */
  readonly workMs?: number;
}

/** What an invocation has observed. */
export interface Report {
  readonly id: number;
  readonly requestId: string;
  readonly threadId: number;
  /** The largest difference between `currentDeadline()` and the deadline of this invocation. */
  offByMs: number;
  /** The request id in the reason of its signal. */
  abortedBy?: string;
}

const OBSERVE_EVERY_MS = 20;

/** Makes one instance for a margin. Invocations overlap on it. */
function overlappingWith(marginMs: number) {
  class Overlapping {
    // One report for each invocation, because all of them use the same instance.
    readonly #reports = new WeakMap<Context, Report>();

    @GracefulTimeout(marginMs)
    async handler(
      { id, workMs = Number.POSITIVE_INFINITY }: Overlap,
      context: Context,
    ): Promise<Report | undefined> {
      const report: Report = { id, requestId: context.awsRequestId, threadId, offByMs: 0 };
      this.#reports.set(context, report);
      const { signal } = currentDeadline();
      signal.addEventListener('abort', () => {
        report.abortedBy = signal.reason.requestId;
      });
      const endsAt = performance.now() + workMs;
      do {
        await sleep(OBSERVE_EVERY_MS);
        const own = () => Math.max(0, context.getRemainingTimeInMillis() - marginMs);
        report.offByMs = Math.max(report.offByMs, offBy(own));
      } while (performance.now() < endsAt);
      return report;
    }

    @OnTimeout({ respond: true })
    protected respond(_error: LambdaTimeoutError, _event: Overlap, context: Context): Report | undefined {
      return this.#reports.get(context);
    }

    @Finally
    protected close(_outcome: unknown, _event: Overlap, context: Context): void {
      console.log(`closed ${context.awsRequestId}`);
    }
  }
  const overlapping = new Overlapping();
  return overlapping.handler.bind(overlapping);
}

/** The difference between `currentDeadline()` and a clock. Time that passes between reading the two does not count. */
function offBy(remainingMs: () => number): number {
  const latestMs = remainingMs();
  const currentMs = currentDeadline().remainingMs();
  return Math.max(0, currentMs - latestMs, remainingMs() - currentMs);
}

const handlers = new Map<number, ReturnType<typeof overlappingWith>>();
export const handler = (event: Overlap, context: Context): Promise<Report | undefined> => {
  const { marginMs } = event;
  const overlapping = handlers.get(marginMs) ?? overlappingWith(marginMs);
  handlers.set(marginMs, overlapping);
  return overlapping(event, context);
};
