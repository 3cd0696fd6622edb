import { setTimeout as sleep } from 'node:timers/promises';
import { tracer } from 'dd-trace';
import { handlersThat, type Work } from './handlers.js';

export const { handler, responder, interrupted } = handlersThat(
  ({ handler }) => {
    tracer.scope().active()?.setTag('timeout.handler', handler);
  },
  (order) => (event) => tracer.trace('order', () => order(event)),
);

/** A handler without this package. It fails as a timeout does: soon, or after it has given up a request. */
export async function undecorated({ work, url }: Work): Promise<never> {
  if (work === 'cancel') await fetch(url, { signal: AbortSignal.timeout(1750) }).catch(() => {});
  else await sleep(400);
  throw new RangeError('handler failed');
}
