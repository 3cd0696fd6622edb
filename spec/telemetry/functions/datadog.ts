import { setTimeout as sleep } from 'node:timers/promises';
import { tracer } from 'dd-trace';
import { handlersThat, type Work } from './handlers.js';

export const { handler, responder, interrupted } = handlersThat(
  ({ handler }) => {
    tracer.scope().active()?.setTag('timeout.handler', handler);
  },
  (order) => (event) => tracer.trace('order', () => order(event)),
);

/** Fails as a timeout does, and knows nothing of this package: at once, or after a request that it has given up. */
export async function undecorated({ work, url }: Work): Promise<never> {
  if (work === 'cancel') await fetch(url, { signal: AbortSignal.timeout(1750) }).catch(() => {});
  else await sleep(400);
  throw new RangeError('handler failed');
}
