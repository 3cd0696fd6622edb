/** `NODE_OPTIONS=--require` loads this file if the handler's module calls `wrapHandler()` itself. */
import * as Sentry from '@sentry/aws-serverless';

Sentry.init({
  tracesSampleRate: 1,
  integrations: (defaults) => defaults.filter(({ name }) => name !== 'AwsLambda'),
});
