export { currentDeadline } from './deadline/current-deadline.js';
export type { Deadline } from './deadline/deadline.js';
export { Finally, type FinallyDecorator } from './decorators/finally.js';
export { GracefulTimeout, type GracefulTimeoutDecorator } from './decorators/graceful-timeout.js';
export type { GracefulTimeoutOptions } from './decorators/graceful-timeout-options.js';
export { OnTimeout, type OnTimeoutDecorator, type OnTimeoutOptions } from './decorators/on-timeout.js';
export { LambdaTimeoutError } from './report/lambda-timeout-error.js';
export type { TimeoutLogger } from './report/logger.js';
export type { PendingOperation } from './report/pending-operations.js';
