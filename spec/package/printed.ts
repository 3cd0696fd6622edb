const timeout = (requestId: string) => ({
  name: 'LambdaTimeoutError',
  constructorName: 'LambdaTimeoutError',
  isError: true,
  handler: 'handler',
  requestId,
  marginMs: 10_000,
  preempted: false,
  loggedAs: 'LambdaTimeoutError',
  logsName: false,
});

/** The output of the fixture `orders`, the same for every compiler. */
export const ORDERS = {
  inTime: {
    steps: ['ship pen', 'flush fulfilled', 'close fulfilled pen'],
    outcome: 'pen shipped',
  },
  timedOut: {
    steps: [
      'ship piano',
      'abort LambdaTimeoutError',
      'log LambdaTimeoutError',
      'notify courier',
      'report true',
      'apologise LambdaTimeoutError',
      'flush fulfilled',
      'close fulfilled piano',
    ],
    outcome: 'piano in request-piano has to wait',
  },
  staticInTime: { steps: ['ship letter', 'close fulfilled'], outcome: 'letter shipped' },
  staticTimedOut: {
    steps: [
      'ship atlas',
      'abort LambdaTimeoutError',
      'log LambdaTimeoutError',
      'report LambdaTimeoutError atlas',
      'close rejected',
    ],
    outcome: timeout('request-atlas'),
  },
};

const inTime = { steps: ['close fulfilled'], status: 'fulfilled' };

const preempted = {
  steps: ['report LambdaTimeoutError true true', 'close rejected'],
  status: 'rejected',
};

/** The output of the fixture `blocked`, the same for every compiler. */
export const BLOCKED = {
  inTime,
  blockedAtOnce: preempted,
  blockedLater: preempted,
  inTimeAgain: inTime,
};
