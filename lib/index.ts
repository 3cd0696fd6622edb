export { currentDeadline, type Deadline } from './deadline.js';
export { Finally } from './finally.js';
export { GracefulTimeout, type GracefulTimeoutOptions } from './graceful-timeout.js';
export { LambdaTimeoutError } from './lambda-timeout-error.js';
export { OnTimeout, type OnTimeoutOptions } from './on-timeout.js';
