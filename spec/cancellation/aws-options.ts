import type { HangingServer } from './hanging-server.js';

/** Options that connect a client of the AWS SDK to a local server. */
export const awsOptions = ({ url }: HangingServer) => ({
  endpoint: url,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
});

export type AwsOptions = ReturnType<typeof awsOptions>;
