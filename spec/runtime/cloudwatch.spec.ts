import { expect } from 'chai';
import { blocksOf } from '../docs/markdown.js';
import { read } from '../docs/repository.js';
import { type MetricFilterResource, readTemplate } from '../docs/template.js';
import { closeFunctions, functionOf, needsRealClient } from './local-lambda.js';
import { type Row, run } from './logs-insights.js';
import { useSilentServer } from './silent-server.js';

const [query = ''] = blocksOf(read('docs/telemetry.md'))
  .filter(({ kind }) => kind === '```')
  .map(({ text }) => text.replaceAll('```', ''))
  .filter((text) => text.includes('stats'));

const { Resources } = readTemplate('samples/sqs-partial-batch/template.yaml');
const [metricFilter] = Object.values(Resources).filter(
  (resource): resource is MetricFilterResource => resource.Type === 'AWS::Logs::MetricFilter',
) as [MetricFilterResource];

/** Counts the log events that a metric filter finds. Knows only the part of its language that the template uses. */
function countMatches(filterPattern: string, messages: readonly string[]): number {
  const [, path = '', value] = /^\{ \$\.([\w.]+) = "(\w+)" \}$/.exec(filterPattern) ?? [];
  const valueIn = (event: unknown): unknown =>
    path.split('.').reduce<unknown>((object, key) => Object(object)[key], event);
  const events = messages.filter((message) => message.startsWith('{')).map((message) => JSON.parse(message));
  return events.filter((event) => value !== undefined && valueIn(event) === value).length;
}

for (const format of ['Text', 'JSON'] as const) {
  describe(`the log in the ${format} format (R23, R25, R30)`, function () {
    this.timeout(20_000);
    needsRealClient();
    const server = useSilentServer();
    afterEach(closeFunctions);

    /** The log of one process that does each work in an invocation of its own. */
    async function logOf(handler: string, ...works: readonly string[]): Promise<readonly string[]> {
      const env = { AWS_LAMBDA_LOG_FORMAT: format };
      const lambda = functionOf(`logging-handlers.${handler}`, { env });
      for (const work of works) await lambda.invoke({ url: server.url, work });
      return lambda.log.map(({ text }) => text);
    }

    for (const [handler, name] of [
      ['withConsole', 'Orders.handler'],
      ['withPowertools', 'Payments.handler'],
    ] as const) {
      it(`lets the query find each timeout once, by handler and pending operation (${handler})`, async () => {
        const log = await logOf(
          handler,
          'hangs',
          'ends in grace',
          'hangs',
          'logs the error itself',
          'blocks',
        );
        const rows: readonly Row[] = [
          { handler: name, operation: `GET ${server.url}`, timeouts: 3 },
          { handler: name, operation: '', timeouts: 1 },
        ];
        expect(run(query, log)).to.deep.equal(rows);
      });
    }

    it('lets the query find a timeout of a handler that was not called', async () => {
      const env = { AWS_LAMBDA_LOG_FORMAT: format };
      const lambda = functionOf('logging-handlers.withConsole', { env, timeoutMs: 500 });
      await lambda.invoke({ url: server.url, work: 'hangs' });
      expect(
        run(
          query,
          lambda.log.map(({ text }) => text),
        ),
      ).to.deep.equal([{ handler: 'Orders.handler', operation: '', timeouts: 1 }]);
    });
  });
}

describe('the alarm of the SAM template', function () {
  this.timeout(20_000);
  needsRealClient();
  const server = useSilentServer();
  afterEach(closeFunctions);

  for (const handler of ['withConsole', 'withPowertools']) {
    it(`counts each timeout once, if the caller receives it (${handler})`, async () => {
      const lambda = functionOf(`logging-handlers.${handler}`, { env: { AWS_LAMBDA_LOG_FORMAT: 'JSON' } });
      for (const work of ['hangs', 'ends in grace', 'logs the error itself', 'fails']) {
        await lambda.invoke({ url: server.url, work });
      }
      const messages = lambda.log.map(({ text }) => text);
      expect(countMatches(metricFilter.Properties.FilterPattern, messages)).to.equal(2);
    });
  }
});
