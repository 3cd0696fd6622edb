/** A line of the log, reduced to what a person wants to read. */
export interface ReadableLine {
  readonly level: 'ERROR' | 'WARN' | 'INFO' | undefined;
  readonly text: string;
}

const UUID = /\b([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;
const TIMESTAMP = /^\d{4}-\d\d-\d\dT[\d:.]+Z\s+/;
const CONSOLE_LINE = /^[^\t]+\t[^\t]+\t(?<level>[A-Z]+)\t(?<message>.*)$/s;
const RUNTIME_ERROR = /^(?:Init|Invoke) Error\s*\t(?<json>\{.*\})$/s;

/** Drops timestamps, shortens request ids, and picks level and message out of what the loggers write. */
export function readable(line: string): ReadableLine {
  const fields = parseObject(line);
  const { level, message = line.replace(TIMESTAMP, '') } = fields
    ? { level: fields.level, message: describe(fields) }
    : (line.match(CONSOLE_LINE)?.groups ?? {});
  const { json = '' } = message.match(RUNTIME_ERROR)?.groups ?? {};
  const error = parseObject(json);
  if (error) return { level: 'ERROR', text: shorten(`${error.errorType}: ${error.errorMessage}`) };
  return { level: toLevel(level), text: shorten(message) };
}

/** The runtime client writes a line break in a message as a carriage return. */
const shorten = (text: string): string =>
  text
    .replaceAll(UUID, '$1')
    .replaceAll('\t', '  ')
    .replaceAll(/\s*[\r\n]+\s*/g, ' ');

interface Fields {
  readonly level?: string;
  readonly message?: string;
  readonly error?: { readonly name?: string; readonly message?: string };
  readonly errorType?: string;
  readonly errorMessage?: string;
  /** Only in a line with metrics, in the embedded metric format. */
  readonly _aws?: {
    readonly CloudWatchMetrics: readonly { readonly Metrics: readonly { Name: string }[] }[];
  };
}

function parseObject(json: string): Fields | undefined {
  if (!json.startsWith('{')) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function describe({ message = '', error, _aws }: Fields): string {
  if (_aws) {
    const metrics = _aws.CloudWatchMetrics.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name));
    return `Metrics: ${metrics.join(', ')}`;
  }
  return error?.message === undefined || error.message === message ? message : `${message}: ${error.message}`;
}

function toLevel(level: string | undefined): ReadableLine['level'] {
  return level === 'ERROR' || level === 'WARN' || level === 'INFO' ? level : undefined;
}
