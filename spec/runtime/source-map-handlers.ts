/** A function that is late. The spec bundles it, with a source map of any size. */
import type { Context } from 'aws-lambda';
import {
  currentDeadline,
  Finally,
  GracefulTimeout,
  type LambdaTimeoutError,
  OnTimeout,
} from 'lambda-graceful-timeout';

const { MARGIN_MS: marginMs, PREEMPT } = process.env as Record<string, string>;

export interface Late {
  readonly way: 'waits' | 'fails' | 'blocks';
}

const shipOrder = (): Promise<never> => currentDeadline().race(new Promise<never>(() => {}));

const failAtDeadline = (): Promise<never> =>
  shipOrder().catch(() => {
    throw new Error('order failed', { cause: new RangeError('no stock') });
  });

class Orders {
  @GracefulTimeout({ marginMs: Number(marginMs), preempt: PREEMPT === 'true' })
  async handler({ way }: Late, _context: Context): Promise<void> {
    if (way === 'blocks') for (;;);
    await (way === 'fails' ? failAtDeadline() : shipOrder());
  }

  @OnTimeout
  protected report({ cause, pending, blockedAt }: LambdaTimeoutError): void {
    console.info(
      'reported',
      JSON.stringify([pending[0]?.startedAt, blockedAt, (cause as Error | undefined)?.stack]),
    );
  }

  @Finally
  protected close(): void {
    console.info('closed');
  }
}
const orders = new Orders();
export const handler = orders.handler.bind(orders);
