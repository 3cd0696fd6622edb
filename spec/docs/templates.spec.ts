import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { filesIn, ROOT, read } from './repository.js';
import {
  type AlarmResource,
  type EventSource,
  type FunctionResource,
  type MetricFilterResource,
  type QueueResource,
  readTemplate,
} from './template.js';

/** The `MessageRetentionPeriod` of SQS if a template sets none: four days. */
const SQS_RETENTION_SECONDS = 345_600;

const kebabCase = (name: string): string =>
  name.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();

/** Bundles a function as `sam build` does: each of its build properties becomes a flag of esbuild. */
function bundle({ Metadata }: FunctionResource, sources: string, outdir: string): void {
  const { EntryPoints, ...properties } = Metadata.BuildProperties;
  const flags = Object.entries(properties).map(([name, value]) => `--${kebabCase(name)}=${value}`);
  const fixed = ['--bundle', '--platform=node', '--format=cjs', '--log-level=warning', `--outdir=${outdir}`];
  execFileSync(join(ROOT, 'node_modules/.bin/esbuild'), [...EntryPoints, ...fixed, ...flags], {
    cwd: sources,
  });
}

const templates = filesIn('samples', /./)
  .map((folder) => join(folder, 'template.yaml'))
  .filter((path) => existsSync(join(ROOT, path)));

/** Each function of each template. */
const functions = templates.flatMap((path) => {
  const { Resources } = readTemplate(path);
  return Object.entries(Resources).flatMap(([name, resource]) =>
    resource.Type === 'AWS::Serverless::Function' ? [{ path, Resources, name, lambda: resource }] : [],
  );
});

for (const { path, Resources, name: functionName, lambda } of functions) {
  describe(`${functionName} in ${path}`, function () {
    this.timeout(20_000);

    const { CodeUri, Events, Handler, LoggingConfig, Timeout } = lambda.Properties;
    const alarms = Object.values(Resources).filter(
      (resource): resource is AlarmResource => resource.Type === 'AWS::CloudWatch::Alarm',
    );
    const metricFilters = Object.values(Resources).filter(
      (resource): resource is MetricFilterResource => resource.Type === 'AWS::Logs::MetricFilter',
    );
    const sources = join(dirname(path), CodeUri);
    const eventSources: readonly EventSource[] = Object.values(Events).filter(({ Type }) => Type === 'SQS');
    const queueOf = ({ resource = '' }: { resource?: string } = {}): QueueResource['Properties'] => {
      const queue = Resources[resource];
      if (queue?.Type !== 'AWS::SQS::Queue') throw new Error(`\`${resource}\` is no queue`);
      return queue.Properties;
    };

    let artifacts: string;
    before(() => {
      artifacts = mkdtempSync(join(tmpdir(), 'template-'));
    });
    after(() => rmSync(artifacts, { recursive: true }));

    it('names a handler that its build exports', () => {
      expect(lambda.Metadata.BuildMethod).to.equal('esbuild');
      bundle(lambda, join(ROOT, sources), artifacts);
      const [module, name] = Handler.split('.') as [string, string];
      const built: Record<string, unknown> = createRequire(join(artifacts, 'runtime.js'))(`./${module}.js`);
      expect(built[name]).to.be.a('function').with.property('length').that.is.at.most(2);
    });

    it('has a timeout that leaves the handler more time than its margin takes', () => {
      const [entryPoint] = lambda.Metadata.BuildProperties.EntryPoints as [string];
      const marginMs = Number(
        /@GracefulTimeout\(\{ marginMs: (\d+)/.exec(read(join(sources, entryPoint)))?.[1],
      );
      expect(marginMs).to.be.above(0);
      expect(Timeout * 1000 - marginMs).to.be.above(marginMs);
    });

    for (const { Properties } of alarms) {
      it('has an alarm for a single timeout, from a metric of the log', () => {
        const { Namespace, MetricName, ...condition } = Properties;
        const metrics = metricFilters.flatMap((filter) => filter.Properties.MetricTransformations);
        const metric = { MetricNamespace: Namespace, MetricName, MetricValue: '1', Unit: 'Count' };
        expect(metrics).to.deep.include(metric);
        expect(condition).to.include({
          Statistic: 'Sum',
          Threshold: 1,
          ComparisonOperator: 'GreaterThanOrEqualToThreshold',
          TreatMissingData: 'notBreaching',
        });
      });
    }

    for (const { Properties } of metricFilters) {
      it('reads the metric of its alarm from its log in JSON format', () => {
        expect(LoggingConfig).to.deep.equal({ LogFormat: 'JSON', LogGroup: Properties.LogGroupName });
        expect(Resources[Properties.LogGroupName.resource]?.Type).to.equal('AWS::Logs::LogGroup');
      });
    }

    for (const { Properties } of eventSources) {
      const { Queue, FunctionResponseTypes, MaximumBatchingWindowInSeconds = 0 } = Properties;

      it('has a queue that hides a message for six timeouts and the batching window', () => {
        expect(queueOf(Queue).VisibilityTimeout).to.be.at.least(6 * Timeout + MaximumBatchingWindowInSeconds);
      });

      it('can return single messages of a batch to the queue', () => {
        expect(FunctionResponseTypes).to.include('ReportBatchItemFailures');
      });

      it('moves a message to a dead-letter queue after at least five tries, and keeps it longer there', () => {
        const { MessageRetentionPeriod = SQS_RETENTION_SECONDS, RedrivePolicy } = queueOf(Queue);
        const deadLetters = queueOf(RedrivePolicy?.deadLetterTargetArn);
        expect(RedrivePolicy?.maxReceiveCount).to.be.at.least(5);
        // SQS accepts only a dead-letter queue of the same type.
        expect(deadLetters.FifoQueue).to.equal(queueOf(Queue).FifoQueue);
        expect(deadLetters.MessageRetentionPeriod).to.be.above(MessageRetentionPeriod);
      });
    }
  });
}
