import { parseDocument } from 'yaml';
import { read } from './repository.js';

/** The parts of a function in the Serverless Application Model that the specs look at. */
export interface FunctionResource {
  readonly Type: 'AWS::Serverless::Function';
  readonly Properties: {
    readonly CodeUri: string;
    readonly Handler: string;
    readonly Timeout: number;
    readonly LoggingConfig?: { readonly LogFormat: 'Text' | 'JSON'; readonly LogGroup: Reference };
    readonly Events: Readonly<Record<string, EventSource>>;
  };
  readonly Metadata: {
    readonly BuildMethod: string;
    readonly BuildProperties: Readonly<Record<string, unknown>> & { readonly EntryPoints: readonly string[] };
  };
}

export interface EventSource {
  readonly Type: string;
  readonly Properties: {
    readonly Queue?: Attribute;
    readonly FunctionResponseTypes?: readonly string[];
    readonly MaximumBatchingWindowInSeconds?: number;
  };
}

export interface QueueResource {
  readonly Type: 'AWS::SQS::Queue';
  readonly Properties: {
    readonly FifoQueue?: boolean;
    readonly VisibilityTimeout?: number;
    readonly RedrivePolicy?: { readonly deadLetterTargetArn: Attribute; readonly maxReceiveCount: number };
    readonly MessageRetentionPeriod?: number;
  };
}

export interface MetricFilterResource {
  readonly Type: 'AWS::Logs::MetricFilter';
  readonly Properties: {
    readonly LogGroupName: Reference;
    readonly FilterPattern: string;
    readonly MetricTransformations: readonly (Metric & { readonly MetricValue: string })[];
  };
}

export interface AlarmResource {
  readonly Type: 'AWS::CloudWatch::Alarm';
  readonly Properties: {
    readonly Namespace: string;
    readonly MetricName: string;
    readonly Statistic: string;
    readonly Threshold: number;
    readonly ComparisonOperator: string;
    readonly TreatMissingData: string;
  };
}

interface Metric {
  readonly MetricNamespace: string;
  readonly MetricName: string;
}

interface LogGroupResource {
  readonly Type: 'AWS::Logs::LogGroup';
}

/** `!Ref Resource` */
interface Reference {
  readonly resource: string;
}

/** `!GetAtt Resource.Name` */
interface Attribute {
  readonly resource: string;
  readonly attribute: string;
}

export interface Template {
  readonly Resources: Readonly<
    Record<string, FunctionResource | QueueResource | MetricFilterResource | AlarmResource | LogGroupResource>
  >;
}

const customTags = [
  { tag: '!Ref', resolve: (resource: string): Reference => ({ resource }) },
  {
    tag: '!GetAtt',
    resolve(text: string): Attribute {
      const [resource = '', attribute = ''] = text.split('.');
      return { resource, attribute };
    },
  },
];

/** Parses a template. Throws if it is not YAML, or if it has a tag other than `!Ref` and `!GetAtt`. */
export function readTemplate(path: string): Template {
  const document = parseDocument(read(path), { customTags });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw problem;
  return document.toJS();
}
