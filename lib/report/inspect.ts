/** Whether a value is an Error, of this realm or, as under Jest, of another. */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || tagOf(value) === '[object Error]';
  } catch {
    return false;
  }
}

/** Shows any value in a line. Not `util.inspect`: to import `node:util` takes longer than all the rest of this package. */
export function inspect(value: unknown): string {
  try {
    if (isError(value)) return `${value.name}: ${value.message}`;
    if (typeof value === 'function') return `[function ${value.name}]`;
    if (typeof value !== 'object' && typeof value !== 'string') return String(value);
    return JSON.stringify(value) ?? tagOf(value); // a `toJSON` may return nothing
  } catch {
    return tagOf(value);
  }
}

function tagOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value);
  } catch {
    return `[${typeof value}]`; // a proxy that refuses to be looked at
  }
}
