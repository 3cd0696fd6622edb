export { currentDeadline } from './deadline/current-deadline.js';
export type { Deadline } from './deadline/deadline.js';
export { Finally } from './decorators/finally.js';
export { GracefulTimeout, type GracefulTimeoutOptions } from './decorators/graceful-timeout.js';
export { OnTimeout, type OnTimeoutOptions } from './decorators/on-timeout.js';
export { LambdaTimeoutError } from './report/lambda-timeout-error.js';
export type { PendingOperation } from './report/pending-operations.js';
