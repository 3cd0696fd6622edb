/** The environment variables that Powertools and the X-Ray SDK read when they are imported. Import this module first. */
Object.assign(process.env, {
  AWS_ACCESS_KEY_ID: 'local',
  AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x',
  AWS_REGION: 'us-east-1',
  AWS_SECRET_ACCESS_KEY: 'local',
  LAMBDA_TASK_ROOT: '/var/task',
  POWERTOOLS_METRICS_NAMESPACE: 'Shop',
  POWERTOOLS_SERVICE_NAME: 'orders',
  _HANDLER: 'orders.handler',
  _X_AMZN_TRACE_ID: 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=557abcec3ee5a047;Sampled=1',
});
