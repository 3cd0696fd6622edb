/** A row of a result. */
export type Row = Readonly<Record<string, string | number>>;

type Fields = Readonly<Record<string, string>>;

const [FILTER, PARSE, STATS, SORT] = [
  /^filter @message like \/(.*)\/$/,
  /^parse @message \/(.*)\/$/,
  /^stats count\(\*\) as (\w+) by (\w+), (\w+)$/,
  /^sort (\w+) desc$/,
];

/** Runs a query of CloudWatch Logs Insights on log events. Knows only the commands that the documentation uses. */
export function run(query: string, messages: readonly string[]): readonly Row[] {
  let events: readonly Fields[] = messages.map((message) => ({ '@message': message }));
  let rows: readonly Row[] = [];
  for (const command of query.trim().split(/\s*\n\|\s*/)) {
    const [, pattern = ''] = FILTER.exec(command) ?? PARSE.exec(command) ?? [];
    const [, count = '', ...keys] = STATS.exec(command) ?? [];
    const [, order = ''] = SORT.exec(command) ?? [];
    if (FILTER.test(command)) {
      events = events.filter((event) => new RegExp(pattern).test(event['@message'] ?? ''));
    } else if (PARSE.test(command)) {
      events = events.map((event) => ({
        ...event,
        ...new RegExp(pattern).exec(event['@message'] ?? '')?.groups,
      }));
    } else if (count) {
      rows = countBy(keys, events, count);
    } else if (order) {
      rows = [...rows].sort((one, other) => Number(other[order]) - Number(one[order]));
    } else if (!command.startsWith('fields ')) {
      throw new Error(`Unknown command: ${command}`);
    }
  }
  return rows;
}

function countBy(keys: readonly string[], events: readonly Fields[], count: string): readonly Row[] {
  const groups = new Map<string, Row>();
  for (const event of events) {
    const values = Object.fromEntries(keys.map((key) => [key, event[key] ?? '']));
    const group = JSON.stringify(values);
    groups.set(group, { ...values, [count]: Number(groups.get(group)?.[count] ?? 0) + 1 });
  }
  return [...groups.values()];
}
