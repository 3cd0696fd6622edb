// Both clocks are taken now: a test that fakes time later must not fake it for the watchdog.
const now = performance.now.bind(performance);
const zeroMs = now();

/** The zero of {@link realTimeMs}, on the clock that all threads share. */
export const ZERO: bigint = process.hrtime.bigint();

/** Real time in ms since this module was loaded, with a fraction. */
export const realTimeMs = (): number => now() - zeroMs;
