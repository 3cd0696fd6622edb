import { setTimeout as wait } from 'node:timers/promises';
import { Finally, GracefulTimeout, LambdaTimeoutError, OnTimeout } from 'lambda-graceful-timeout';
import { FakeContext } from '../support/context.js';
import type { InvocationReport } from './neighbours.js';

interface Task {
  readonly work: () => unknown;
  readonly hooks: string[];
}

interface Logger {
  error(message: string, detail: unknown): void;
  warn(message: string, detail: Error | string): void;
}

/**
 * Makes a function that invokes a handler. The handler does a piece of work and has a given time until its deadline. The
 * function reports how it ended.
 */
export function createInvoke(logger: Logger) {
  class Tasks {
    @GracefulTimeout({ marginMs: 1000, preempt: true, logger })
    async handler({ work }: Task, _context: FakeContext): Promise<unknown> {
      return work();
    }

    @OnTimeout
    protected async report(_error: LambdaTimeoutError, { hooks }: Task): Promise<void> {
      await wait(1);
      hooks.push('report');
    }

    @Finally
    protected async close(_outcome: unknown, { hooks }: Task): Promise<void> {
      await wait(1);
      hooks.push('close');
    }
  }

  const tasks = new Tasks();
  return async (timeMs: number, work: () => unknown): Promise<InvocationReport> => {
    const hooks: string[] = [];
    const context = new FakeContext(timeMs + 1000, `request-of-${timeMs}-ms`);
    const [outcome] = await Promise.allSettled([tasks.handler({ work, hooks }, context)]);
    if (outcome.status === 'fulfilled') return { value: outcome.value, hooks };
    const { reason } = outcome;
    if (!(reason instanceof LambdaTimeoutError)) throw reason;
    const [blockedAt = null] = reason.blockedAt?.split(/ [([]/) ?? [];
    return { error: reason.name, isInTime: context.getRemainingTimeInMillis() > 0, blockedAt, hooks };
  };
}
