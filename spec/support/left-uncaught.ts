const EVENTS = ['unhandledRejection', 'uncaughtException'] as const;

type Event = (typeof EVENTS)[number];

/**
 * Collects, for each spec of a suite, the errors that reach a listener to these events. Replaces the listeners of mocha, which
 * would report them as failures of the spec.
 */
export function useLeftUncaught(...events: Event[]): readonly unknown[] {
  const errors: unknown[] = [];
  const keep = (reason: unknown) => errors.push(reason);
  let others: (readonly [Event, NodeJS.UncaughtExceptionListener])[];
  beforeEach(() => {
    errors.length = 0;
    others = EVENTS.flatMap((event) =>
      (process.listeners(event as 'uncaughtException') as NodeJS.UncaughtExceptionListener[]).map(
        (listener) => [event, listener] as const,
      ),
    );
    for (const [event, listener] of others) process.off(event, listener);
    for (const event of events) process.on(event as 'uncaughtException', keep);
  });
  afterEach(() => {
    for (const event of events) process.off(event, keep);
    for (const [event, listener] of others) process.on(event as 'uncaughtException', listener);
  });
  return errors;
}
