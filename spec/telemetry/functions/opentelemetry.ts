import { trace } from '@opentelemetry/api';
import { handlersThat } from './handlers.js';

export const { handler, responder, interrupted } = handlersThat(({ handler }) => {
  trace.getActiveSpan()?.setAttribute('timeout.handler', handler);
});
