import type { HangingServer } from './hanging-server.js';

/** What makes a client of the AWS SDK speak to a server on this machine. */
export const awsOptions = ({ url }: HangingServer) => ({
  endpoint: url,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
});

export type AwsOptions = ReturnType<typeof awsOptions>;
