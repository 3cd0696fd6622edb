import { isError, show } from './show.js';

/** What is needed of a logger: Powertools' `Logger`, `console` and most others have it. */
export interface TimeoutLogger {
  error(message: string, detail: Error | string): void;
  warn(message: string, detail: Error | string): void;
}

/** Logs a message and its detail. A failure of the logger, or of showing the detail, changes nothing for the caller. */
export function log(
  logger: TimeoutLogger,
  level: keyof TimeoutLogger,
  message: string,
  detail: unknown,
): void {
  // Asynchronous, so that one `catch` is enough for a logger that throws and one that rejects.
  const written = (async () => {
    const shown = isError(detail) || typeof detail === 'string' ? detail : show(detail);
    return logger[level](message, shown);
  })();
  written.catch(() => {});
}
