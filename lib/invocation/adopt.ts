/** Makes a promise of a thenable, and leaves everything else as it is. */
export function adopt(value: unknown): unknown {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isObject && typeof (value as { then?: unknown }).then === 'function'
    ? Promise.resolve(value)
    : value;
}
