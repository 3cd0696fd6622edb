import { isError, show } from './show.js';

/** What is needed of a logger: Powertools' `Logger`, `console` and most others have it. */
export interface TimeoutLogger {
  error(message: string, detail: Error | string): void;
  warn(message: string, detail: Error | string): void;
}

/** Logs a message and its detail. What the logger fails to write goes to `console`, and never fails for the caller. */
export function log(
  logger: TimeoutLogger,
  level: keyof TimeoutLogger,
  message: string,
  detail: unknown,
): void {
  const shown = isError(detail) || typeof detail === 'string' ? detail : show(detail);
  tryEach([
    () => logger[level](message, shown),
    () => console[level](message, shown),
    // The detail may be what cannot be written.
    () => console[level](message),
  ]);
}

/** Calls functions, one after the other, until one of them neither throws nor rejects. */
async function tryEach([first, ...others]: (() => unknown)[]): Promise<void> {
  try {
    await first?.();
  } catch {
    await tryEach(others);
  }
}
