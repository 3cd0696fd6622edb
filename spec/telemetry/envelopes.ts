/** The parts of an event or a transaction for Sentry that the specs look at. */
export interface SentryItem {
  readonly type: string;
  readonly level?: string;
  readonly message?: string;
  readonly transaction?: string;
  readonly exception?: { readonly values: readonly { readonly type: string; readonly value: string }[] };
  readonly tags?: Readonly<Record<string, string>>;
  readonly contexts: {
    readonly trace: {
      readonly trace_id: string;
      readonly status?: string;
      readonly data?: Readonly<Record<string, unknown>>;
    };
    readonly 'aws.lambda'?: { readonly aws_request_id: string };
    readonly timeout?: { readonly handler: string };
    readonly last_timeout?: { readonly handler: string };
  };
  readonly spans?: readonly { readonly description: string; readonly status: string }[];
}

/** The items of an envelope. It has a line for its header, and then two lines for each item: header and content. */
export function itemsIn(envelope: string): readonly SentryItem[] {
  const [, ...lines] = envelope
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return lines.flatMap((line, index) => (index % 2 === 0 ? [{ ...lines[index + 1], type: line.type }] : []));
}
