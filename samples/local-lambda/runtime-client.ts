import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { embeddedClientPath } from './embedded-client.js';

/** The program that fetches the events and calls the handler. */
export type RuntimeClientName = 'aws-lambda-ric' | 'embedded';

export interface RuntimeClient {
  readonly name: RuntimeClientName;
  readonly path: string;
}

/**
 * Finds the client with this name. By default: AWS's own where it is installed and compiled, otherwise the embedded one.
 *
 * @throws Error if AWS's client is requested and missing
 */
export function findRuntimeClient(name?: RuntimeClientName): RuntimeClient {
  const awsClientPath = name === 'embedded' ? undefined : findAwsClient();
  if (awsClientPath) return { name: 'aws-lambda-ric', path: awsClientPath };
  if (name === 'aws-lambda-ric') {
    throw new Error(
      'aws-lambda-ric is not installed or not compiled. Install cmake and g++, and run `npm rebuild aws-lambda-ric`.',
    );
  }
  return { name: 'embedded', path: embeddedClientPath };
}

function findAwsClient(): string | undefined {
  try {
    const path = createRequire(import.meta.url).resolve('aws-lambda-ric');
    return existsSync(join(dirname(path), 'rapid-client.node')) ? path : undefined;
  } catch {
    return undefined;
  }
}
