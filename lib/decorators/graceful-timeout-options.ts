import type { TimeoutLogger } from '../report/logger.js';
import type { Member } from './member.js';
import { checkOptionNames, showGiven } from './misuse.js';

/** Options of {@link GracefulTimeout}. */
export interface GracefulTimeoutOptions {
  /**
   * Time in ms to reserve before the Lambda deadline, for the handler's grace, the hooks and the response. A finite
   * number > 0.
   */
  readonly marginMs: number;
  /**
   * The last part of the margin in ms, in which no hook runs any more, so that the response can leave. A finite
   * number from 0 to below `marginMs`. Default: 10 % of `marginMs`, or of the time
   * that is left, if that is less.
   */
  readonly reserveMs?: number | undefined;
  /**
   * Whether to interrupt code that blocks the event loop after its time is over: the handler from its cut-off on, a hook
   * from the end of its share on, and abandoned code. Starts a thread when the class is defined. Default: `false`.
   */
  readonly preempt?: boolean | undefined;
  /**
   * What logs timeouts, failed and abandoned hooks, and what code does after its time is over: a Powertools `Logger`, or
   * anything with `error` and `warn` methods of its shape. Default: `console`.
   */
  readonly logger?: TimeoutLogger | undefined;
}

/** The options of a handler. The default of `reserveMs` depends on the invocation. */
export interface CheckedOptions {
  readonly marginMs: number;
  readonly preempt: boolean;
  readonly logger: TimeoutLogger;
  readonly reserveMs: number | undefined;
}

/** Checks the options of a handler, and fills in what they leave out. */
export function readOptions({ misuse }: Member, options: unknown): CheckedOptions {
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
  const given = isObject ? options : { marginMs: options };
  checkOptionNames(misuse, given, ['marginMs', 'reserveMs', 'preempt', 'logger']);
  const {
    marginMs,
    reserveMs,
    preempt = false,
    logger = console,
  } = given as Partial<Record<keyof GracefulTimeoutOptions, unknown>>;

  if (!isFiniteNumber(marginMs) || marginMs <= 0) {
    const advice = 'Write the time in ms to keep before the Lambda deadline: `@GracefulTimeout(3000)`.';
    throw misuse('`marginMs` to be a finite number > 0', showGiven(marginMs), advice);
  }
  if (reserveMs !== undefined && (!isFiniteNumber(reserveMs) || reserveMs < 0 || reserveMs >= marginMs)) {
    const expected = `\`reserveMs\` to be a finite number >= 0 and < \`marginMs\` (${marginMs})`;
    throw misuse(expected, showGiven(reserveMs), 'Leave it out for a tenth of the margin.');
  }
  if (!isLogger(logger)) {
    const advice = 'Pass a Powertools `Logger`, or leave it out for `console`.';
    throw misuse('`logger` to have the methods `error` and `warn`', showGiven(logger), advice);
  }
  if (typeof preempt !== 'boolean') {
    const advice = 'Write `true`, or leave it out for `false`.';
    throw misuse('`preempt` to be a boolean', showGiven(preempt), advice);
  }
  return { marginMs, reserveMs, logger, preempt };
}

const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value);

const isLogger = (value: unknown): value is TimeoutLogger => {
  const { error, warn } = (value ?? {}) as Partial<TimeoutLogger>;
  return typeof error === 'function' && typeof warn === 'function';
};
