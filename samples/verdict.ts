import type { RuntimeClientName } from './local-lambda/runtime-client.js';
import { bold, green, red, yellow } from './paint.js';
import type { Verdict } from './sample.js';

export function describeRuntime(client: RuntimeClientName): string {
  const runtime =
    client === 'aws-lambda-ric' ? 'AWS’s runtime client aws-lambda-ric' : 'the embedded runtime client';
  return `Node ${process.versions.node} with ${runtime}`;
}

/** Prints what was seen. If something was missing, prints that instead and makes the program fail. */
export function printVerdict(name: string, { outcome, missing, skipped }: Verdict): void {
  if (skipped !== undefined) {
    console.log(`${yellow('–')} ${bold(name)}: ${skipped}`);
    return;
  }
  if (missing.length === 0) {
    console.log(`${green('✓')} ${bold(name)}: ${outcome}`);
    return;
  }
  process.exitCode = 1;
  console.log(`${red('✗')} ${bold(name)}: this was to be seen and was not:`);
  for (const expectation of missing) console.log(`    ${red(expectation)}`);
}
