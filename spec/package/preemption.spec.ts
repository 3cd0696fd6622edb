import { preemptingBuilds } from './builds.js';
import { itPrints } from './each-build.js';

const preempted = {
  steps: ['report LambdaTimeoutError true true', 'close rejected'],
  status: 'rejected',
};

const SUMMARY = {
  blockedAtOnce: preempted,
  blockedLater: preempted,
  inTime: { steps: ['close fulfilled'], status: 'fulfilled' },
};

describe('The installed package with `preempt` (R2, R26)', () => {
  itPrints(preemptingBuilds, SUMMARY, 'interrupts a blocked event loop, and goes on,');
});
