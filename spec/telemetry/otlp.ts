/** The parts of a span that the specs look at. */
export interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly status: 'unset' | 'ok' | 'error';
  readonly message: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly type: unknown }[];
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface ExportedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly status: { readonly code: 0 | 1 | 2; readonly message?: string };
  readonly attributes: readonly Attribute[];
  readonly events: readonly { readonly name: string; readonly attributes: readonly Attribute[] }[];
}

interface Export {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly ExportedSpan[] }[];
  }[];
}

/** The spans in a request of the OTLP exporter over HTTP and JSON. */
export function spansIn(body: string): readonly Span[] {
  const { resourceSpans }: Export = JSON.parse(body);
  const exported = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  return exported.map(({ name, traceId, spanId, parentSpanId, status, attributes, events }) => ({
    name,
    traceId,
    spanId,
    parentSpanId,
    status: (['unset', 'ok', 'error'] as const)[status.code],
    message: status.message,
    attributes: toObject(attributes),
    events: events.map((event) => ({ name: event.name, type: toObject(event.attributes)['exception.type'] })),
  }));
}

const toObject = (attributes: readonly Attribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
