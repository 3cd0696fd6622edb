import type { RuntimeClientName } from './local-lambda/runtime-client.js';
import { bold, green, red, yellow } from './paint.js';
import type { Verdict } from './sample.js';
import { wrap } from './wrap.js';

export function describeRuntime(client: RuntimeClientName): string {
  const runtime =
    client === 'aws-lambda-ric' ? 'AWS’s runtime client aws-lambda-ric' : 'the embedded runtime client';
  return `Node ${process.versions.node} with ${runtime}`;
}

/** Prints what was seen. If something was missing, prints that instead and makes the program fail. */
export function printVerdict(name: string, { outcome, missing, skipped }: Verdict): void {
  if (skipped !== undefined) {
    print(yellow('–'), name, skipped);
    return;
  }
  if (missing.length === 0) {
    print(green('✓'), name, outcome);
    return;
  }
  process.exitCode = 1;
  print(red('✗'), name, 'this was to be seen and was not:');
  for (const expectation of missing) {
    for (const line of wrap(`    ${expectation}`, undefined, '      ')) console.log(red(line));
  }
}

function print(sign: string, name: string, text: string): void {
  const [first = '', ...others] = wrap(`- ${name}: ${text}`);
  console.log(`${sign} ${bold(name)}${first.slice(`- ${name}`.length)}`);
  for (const line of others) console.log(line);
}
