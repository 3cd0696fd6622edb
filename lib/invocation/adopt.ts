/** Makes a promise of a thenable, and leaves everything else as it is. */
export const adopt = (value: unknown): unknown =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
    ? Promise.resolve(value)
    : value;
