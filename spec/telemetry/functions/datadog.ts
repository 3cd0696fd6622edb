import { tracer } from 'dd-trace';
import { handlersThat } from './handlers.js';

export const { handler, responder, interrupted } = handlersThat(({ handler }) => {
  tracer.scope().active()?.setTag('timeout.handler', handler);
});
