import { fileURLToPath } from 'node:url';
import type { LocalLambda } from '../../samples/local-lambda/local-lambda.js';
import { functionOf } from '../runtime/local-lambda.js';

const TIMEOUT_MS = 2000;
// The margin and the reserve of the handlers, unless a spec sets others.
const MARGIN_MS = 1000;
const RESERVE_MS = 500;
/** When the deadline comes, and when the reserve begins, after the start of an invocation. */
export const DEADLINE_MS = TIMEOUT_MS - MARGIN_MS;
export const RESERVE_AT_MS = TIMEOUT_MS - RESERVE_MS;

/** The package of the functions. It is installed and compiled separately. */
export const PACKAGE = fileURLToPath(new URL('../../../../spec/telemetry/functions/', import.meta.url));

/** A function of that package, with a timeout of two seconds. */
export const tracedFunction = (
  handler: string,
  env: Readonly<Record<string, string>>,
  timeoutMs = TIMEOUT_MS,
): LocalLambda =>
  functionOf(handler, {
    taskRoot: PACKAGE,
    timeoutMs,
    env: {
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x', // the runtime client is that of Node 24
      MARGIN_MS: String(MARGIN_MS),
      RESERVE_MS: String(RESERVE_MS),
      ...env,
    },
  });
