import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** The parts of a span in the JSON of the OTLP exporter that the sample reads. */
interface ExportedSpan {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code: number };
  readonly attributes: readonly { readonly key: string; readonly value: AttributeValue }[];
}

interface AttributeValue {
  readonly stringValue?: string;
  readonly intValue?: number;
  readonly arrayValue?: { readonly values: readonly AttributeValue[] };
}

interface TraceRequest {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly ExportedSpan[] }[];
  }[];
}

export interface Span {
  readonly id: string;
  readonly parentId: string | undefined;
  readonly name: string;
  readonly durationMs: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, string>>;
}

const SPAN_STATUS_ERROR = 2;

/** A collector of traces on this machine. */
export class Collector {
  readonly spans: Span[] = [];
  readonly #server = createServer(async (request, response) => {
    const { resourceSpans } = (await json(request)) as TraceRequest;
    const exported = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
    this.spans.push(...exported.map(toSpan));
    response.setHeader('Content-Type', 'application/json').end('{}');
  });

  /** Starts to listen, and returns its address. */
  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The spans as a tree, a line for each. */
  describe(parentId?: string, indent = ''): readonly string[] {
    return this.spans
      .filter((span) => span.parentId === parentId)
      .flatMap((span) => [indent + describeSpan(span), ...this.describe(span.id, `${indent}  `)]);
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

function toSpan(span: ExportedSpan): Span {
  return {
    id: span.spanId,
    parentId: span.parentSpanId,
    name: span.name,
    durationMs: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
    failed: span.status.code === SPAN_STATUS_ERROR,
    attributes: Object.fromEntries(span.attributes.map(({ key, value }) => [key, toText(value)])),
  };
}

const toText = ({ stringValue, intValue, arrayValue }: AttributeValue): string =>
  arrayValue ? arrayValue.values.map(toText).join(', ') : String(stringValue ?? intValue ?? '');

function describeSpan({ name, durationMs, failed, attributes }: Span): string {
  const status = failed ? `ERROR ${attributes['error.type']}` : 'ok';
  const what = [name, attributes['url.full']].filter(Boolean).join(' ');
  const pending = attributes['lambda_timeout.pending'];
  return `${what}: ${status}, ${Math.round(durationMs)} ms${pending ? `, pending: ${pending}` : ''}`;
}
