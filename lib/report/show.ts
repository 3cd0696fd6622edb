/** Whether a value is an Error, of this realm or, as under Jest, of another. */
export const isError = (value: unknown): value is Error =>
  value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';

/** Shows any value in a line. Not `util.inspect`: to import `node:util` takes longer than all the rest of this package. */
export function show(value: unknown): string {
  if (isError(value)) return `${value.name}: ${value.message}`;
  if (typeof value === 'function') return `[function ${value.name}]`;
  if (typeof value !== 'object' && typeof value !== 'string') return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
