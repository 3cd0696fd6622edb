import { isError, show } from './show.js';

/**
 * What a logger must have: Powertools' `Logger`, `console` and most others have it.
 *
 * Both methods get a line of text, and a detail: an error, or a text that says what to do. A logger that writes its arguments
 * in another order needs two methods around it.
 *
 * @example
 * ```ts
 * import { GracefulTimeout, type TimeoutLogger } from 'lambda-graceful-timeout';
 *
 * export const ourLogger: TimeoutLogger = {
 *   error: (message, detail) => console.error(JSON.stringify({ message, detail: String(detail) })),
 *   warn: (message, detail) => console.warn(JSON.stringify({ message, detail: String(detail) })),
 * };
 * export const OurTimeout = () => GracefulTimeout({ marginMs: 3000, logger: ourLogger });
 * ```
 */
export interface TimeoutLogger {
  /** Gets timeouts, and hooks that have failed or were abandoned. */
  error(message: string, detail: Error | string): void;
  /** Gets what is no failure of the invocation, such as what its code does after its end. */
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
