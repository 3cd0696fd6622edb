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

const [wholeBatch, eachRecord] = ['sqs-partial-batch', 'sqs-per-record'].map((sample) => {
  const { Resources } = readTemplate(`samples/${sample}/template.yaml`);
  const filters = Object.values(Resources).filter(
    (resource): resource is MetricFilterResource => resource.Type === 'AWS::Logs::MetricFilter',
  );
  return filters[0]?.Properties.FilterPattern ?? '';
}) as [string, string];

/** Counts the log events that a metric filter finds. Knows only the parts of its language that this repository uses. */
const countMatches = (filterPattern: string, messages: readonly string[]): number =>
  messages.filter(filterPattern.startsWith('{') ? jsonFilter(filterPattern) : textFilter(filterPattern))
    .length;

/** Terms that a line has, and with a hyphen before them those that it does not have. */
function textFilter(filterPattern: string): (message: string) => boolean {
  const terms = [...filterPattern.matchAll(/(-?)(?:"([^"]+)"|(\w+))/g)];
  return (message) =>
    terms.every(([, minus, quoted, word]) => message.includes(quoted ?? word ?? '') === (minus === ''));
}

/** Comparisons of fields with texts, in which a star stands for anything. */
function jsonFilter(filterPattern: string): (message: string) => boolean {
  const conditions = filterPattern
    .slice(1, -1)
    .split('&&')
    .map((condition) => {
      const [, path = '', value = ''] = /^ \$\.([\w.]+) = "([\w .*]+)" $/.exec(condition) ?? [];
      expect(path, condition).not.to.equal('');
      return {
        path: path.split('.'),
        value: new RegExp(`^${value.replaceAll('.', '\\.').replaceAll('*', '.*')}$`, 's'),
      };
    });
  return (message) => {
    if (!message.startsWith('{')) return false;
    const event: unknown = JSON.parse(message);
    return conditions.every(({ path, value }) => {
      const field = path.reduce<unknown>((object, key) => Object(object)[key], event);
      return typeof field === 'string' && value.test(field);
    });
  };
}

type Format = 'Text' | 'JSON';

/** The filters of the page, without their quotation marks: for timeouts that fail, that Lambda ends, of records, in grace. */
const filtersFor = (format: Format): readonly string[] =>
  [...read('docs/alarms.md').matchAll(new RegExp(`^- FilterPattern: '(.*)' # ${format}$`, 'gm'))].map(
    ([, pattern = '']) => pattern,
  );

for (const format of ['Text', 'JSON'] satisfies Format[]) {
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

describe('the filters of docs/alarms.md', function () {
  this.timeout(20_000);
  needsRealClient();
  const server = useSilentServer();
  afterEach(closeFunctions);

  for (const format of ['Text', 'JSON'] satisfies Format[]) {
    const [failed = '', killed = '', ofRecords = '', inGrace = ''] = filtersFor(format);

    for (const handler of ['withConsole', 'withPowertools']) {
      it(`count each timeout that fails once, in the ${format} format (${handler})`, async () => {
        const lambda = functionOf(`logging-handlers.${handler}`, { env: { AWS_LAMBDA_LOG_FORMAT: format } });
        for (const work of ['hangs', 'ends in grace', 'logs the error itself', 'fails']) {
          await lambda.invoke({ url: server.url, work });
        }
        const messages = lambda.log.map(({ text }) => text);
        expect(countMatches(failed, messages)).to.equal(2);
        expect(countMatches(killed, messages)).to.equal(0);
        expect(countMatches(inGrace, messages)).to.equal(1);
      });
    }

    it(`count an error that is logged alone, where the format is JSON, as the page says: ${format}`, async () => {
      const env = { AWS_LAMBDA_LOG_FORMAT: format };
      const lambda = functionOf('logging-handlers.withConsole', { env });
      await lambda.invoke({ url: server.url, work: 'logs nothing but the error' });
      const messages = lambda.log.map(({ text }) => text);
      expect(countMatches(failed, messages)).to.equal(format === 'JSON' ? 2 : 1);
    });

    it(`count each record of a batch that has timed out, and not the batch, in the ${format} format`, async () => {
      const env = { AWS_LAMBDA_LOG_FORMAT: format };
      const lambda = functionOf('logging-handlers.eachRecord', { env });
      const result = await lambda.invoke({ url: server.url, work: 'hangs' });
      expect(result.error?.errorType).to.equal('FullBatchFailureError');
      const messages = lambda.log.map(({ text }) => text);
      expect(messages.join('\n')).to.include('"errorType":"LambdaTimeoutError"');
      expect(countMatches(failed, messages)).to.equal(0);
      expect(ofRecords).to.include('Orders.send');
      expect(countMatches(ofRecords.replace('Orders.send', 'Records.ship'), messages)).to.equal(1);
    });
  }

  it('count a function that Lambda has killed', async () => {
    const [[, text = ''], [, json = '']] = [filtersFor('Text'), filtersFor('JSON')];
    const lambda = functionOf('logging-handlers.withConsole');
    await lambda.invoke({ url: server.url, work: 'blocks for good' });
    expect(
      countMatches(
        text,
        lambda.log.map((line) => line.text),
      ),
    ).to.equal(1);
    // What Lambda itself writes in the JSON format, which the local one does not imitate.
    // https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
    const reports = ['success', 'error', 'timeout'].map((status) =>
      JSON.stringify({
        time: '2026-11-28T23:04:57.065Z',
        type: 'platform.report',
        record: { requestId: '1', status },
      }),
    );
    expect(countMatches(json, reports)).to.equal(1);
  });
});

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
      expect(countMatches(wholeBatch, messages)).to.equal(2);
    });
  }

  it('counts each record that timed out once, with a deadline for each', async () => {
    const lambda = functionOf('logging-handlers.eachRecord', { env: { AWS_LAMBDA_LOG_FORMAT: 'JSON' } });
    for (const work of ['hangs', 'ends in grace', 'logs the error itself', 'fails', 'hangs in a hook']) {
      await lambda.invoke({ url: server.url, work });
    }
    const messages = lambda.log.map(({ text }) => text);
    expect(countMatches(eachRecord, messages)).to.equal(3);
  });
});
