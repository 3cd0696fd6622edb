import * as Sentry from '@sentry/aws-serverless';
import { handlersThat } from './handlers.js';

export const { handler, responder, interrupted } = handlersThat(
  ({ handler }) => {
    Sentry.getCurrentScope().setContext('timeout', { handler }); // of the event
    Sentry.getActiveSpan()?.setAttribute('timeout.handler', handler); // of the transaction
    // These belong to the process, so later events have them too.
    Sentry.setContext('last_timeout', { handler });
    Sentry.setTag('last_timeout', handler);
  },
  (order) => (event) => Sentry.startSpan({ name: 'order' }, () => order(event)),
);

/** For a process without the integration that wraps the handler automatically. */
export const wrapped = Sentry.wrapHandler(handler, { flushTimeout: 300, captureTimeoutWarning: false });
