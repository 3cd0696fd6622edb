import { expect } from 'chai';
import { closeFunctions, functionOf, needsRealClient } from './local-lambda.js';
import { useSilentServer } from './silent-server.js';

/** A line of the console as the runtime client writes it, in either of Lambda's log formats. */
interface Logged {
  readonly requestId: string;
  readonly level: string;
  readonly message: string;
}

function readText(line: string): Logged {
  const [, requestId = '', level = '', message = ''] = line.split('\t');
  return { requestId, level, message };
}

for (const [format, read] of [
  ['Text', readText],
  ['JSON', (line: string): Logged => JSON.parse(line)],
] as const) {
  describe(`the log line of a timeout, in the ${format} format (R23, R25)`, function () {
    this.timeout(15_000);
    needsRealClient();
    const server = useSilentServer();
    afterEach(closeFunctions);

    const timedOut = async (work: string): Promise<Logged & { readonly isOf: string }> => {
      const env = { AWS_LAMBDA_LOG_FORMAT: format };
      const result = await functionOf('diagnosed-handlers.handler', { env }).invoke({
        work,
        url: server.url,
      });
      const line = result.lines.find(({ source }) => source === 'handler')?.text ?? '';
      return { ...read(line), isOf: result.requestId };
    };

    it('names the handler, its request, its times, and the pending operation', async () => {
      const { requestId, level, message, isOf } = await timedOut('waits');
      expect(level).to.equal('ERROR');
      expect(requestId).to.equal(isOf);
      expect(message)
        .to.match(
          /^Orders\.handler timed out 700 ms before the Lambda deadline, after \d+ ms, waiting for (GET http:\/\/127\.0\.0\.1:\d+) since \d+ ms \[LambdaTimeoutError: [\s\S]* {2}pending: \[\s+\{\s+operation: '\1',\s+sinceMs: \d+,\s+startedAt: 'at /,
        )
        .and.include(`waiting for GET ${new URL(server.url).origin} since `)
        .and.match(/startedAt: 'at (async )?work \(\S+slow-work\.js:\d+:\d+\)/)
        .and.match(/ {2}handler: 'Orders.handler',/)
        .and.include(`  requestId: '${isOf}',`)
        .and.match(/ {2}marginMs: 700,\s+elapsedMs: \d+,\s+remainingMs: \d+,\s+lateByMs: \d+,/)
        .and.match(/ {2}activeResources: \{.* TCPSocketWrap: 1\b.*\}/);
    });

    it('says how long the event loop was blocked, and that `preempt` would have ended this', async () => {
      const { message } = await timedOut('blocks');
      const blockedMs = message.match(/the event loop was blocked for the last (\d+) ms/)?.[1];
      expect(Number(blockedMs)).to.be.at.least(100);
      expect(message)
        .to.include('which the option `preempt` would have ended')
        .and.include(`  lateByMs: ${blockedMs},`);
    });

    it('names the line that blocked the event loop and was interrupted', async () => {
      const { message } = await timedOut('is stuck');
      expect(message)
        .to.match(
          /^Orders\.preempted timed out .*; it blocked the event loop and was interrupted at blockFor \(slow-work\.js:\d+:\d+\)/,
        )
        .and.include('  preempted: true,')
        .and.match(/ {2}blockedAt: 'at blockFor \(\S+slow-work\.js:\d+:\d+\)/);
    });
  });
}
