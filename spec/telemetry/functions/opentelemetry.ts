import { trace } from '@opentelemetry/api';
import { handlersThat } from './handlers.js';

const tracer = trace.getTracer('orders');

export const { handler, responder, interrupted } = handlersThat(
  ({ handler }) => {
    trace.getActiveSpan()?.setAttribute('timeout.handler', handler);
  },
  (order) => (event) =>
    tracer.startActiveSpan('order', async (span) => {
      try {
        return await order(event);
      } finally {
        span.end();
      }
    }),
);
