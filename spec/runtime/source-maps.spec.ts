import { expect } from 'chai';
import type { InvocationResult } from '../../samples/local-lambda/invocation.js';
import { functionOf, needsCpuGroup, needsRealClient, printed, together } from './local-lambda.js';
import type { Late } from './source-map-handlers.js';
import { bundleWithMap, type Place } from './source-maps.js';

const MEGABYTE = 1e6;
const TIMEOUT_MS = 1500;
const MARGIN_MS = 1000;

interface Function {
  readonly bytes: number;
  readonly place: Place;
  readonly memoryMb: number;
}

async function timeOut({ bytes, place, memoryMb }: Function, way: Late['way']): Promise<InvocationResult> {
  const lambda = functionOf('index.handler', {
    taskRoot: await bundleWithMap(bytes, place),
    memoryMb,
    timeoutMs: TIMEOUT_MS,
    env: {
      MARGIN_MS: String(MARGIN_MS),
      PREEMPT: String(way === 'blocks'),
      NODE_OPTIONS: '--enable-source-maps',
    },
  });
  return lambda.invoke({ way });
}

/** What the hook has seen: where the operation began, what blocked, and the stack of the cause. */
function stacksOf(result: InvocationResult): (string | null)[] {
  expect(result.error?.errorType, result.error?.errorMessage).to.equal('LambdaTimeoutError');
  expect(result.durationMs).to.be.below(TIMEOUT_MS);
  const [reported = '', closed] = printed(result).filter((line) => line.startsWith('INFO'));
  expect(closed).to.equal('INFO\tclosed');
  return JSON.parse(reported.slice(reported.indexOf('[')));
}
const isMapped = (stack: string | null): boolean => /source-map-handlers\.ts:\d+:\d+/.test(stack ?? '');

describe('with source maps, on the runtime client (R12)', function () {
  this.timeout(60_000);
  needsRealClient();
  needsCpuGroup();

  describe('that are small, and a whole CPU', () => {
    // One after the other, because each has a whole CPU.
    for (const place of ['beside', 'inside'] as const) {
      for (const way of ['waits', 'fails', 'blocks'] as const) {
        it(`a handler that ${way} gets stacks in its own source (${place} its file)`, async () => {
          const [startedAt = null, blockedAt = null, cause = null] = stacksOf(
            await timeOut({ bytes: 0, place, memoryMb: 1769 }, way),
          );
          expect(isMapped(way === 'blocks' ? blockedAt : startedAt), String(startedAt)).to.equal(true);
          if (way === 'fails') expect(isMapped(cause), String(cause)).to.equal(true);
        });
      }
    }
  });

  for (const megabytes of [2, 6, 12]) {
    describe(`of ${megabytes} MB, and 128 MB of memory`, () => {
      together(
        (['beside', 'inside'] as const).flatMap((place) =>
          (['waits', 'fails'] as const).map((way) => [
            `a handler that ${way} is answered in time, and its hooks run (${place} its file)`,
            async () => {
              const [startedAt = null] = stacksOf(
                await timeOut({ bytes: megabytes * MEGABYTE, place, memoryMb: 128 }, way),
              );
              expect(startedAt).to.match(/^at .*index\.mjs:\d+:\d+/);
            },
          ]),
        ),
      );
    });
  }
});
