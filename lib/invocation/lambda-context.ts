import type { Context } from 'aws-lambda';
import { read } from '../report/error-trail.js';
import { inspect } from '../report/inspect.js';
import { log, type TimeoutLogger } from '../report/logger.js';

type Clock = Pick<Context, 'getRemainingTimeInMillis'> & Partial<Pick<Context, 'awsRequestId'>>;

/** What a handler's arguments tell of the Lambda invocation. */
export interface LambdaContext {
  /** The argument that is the context or wraps it, and its position: that of `(event, context)` if there is none. */
  readonly context: unknown;
  readonly index: number;
  readonly requestId: string | undefined;
  /** Time until the hard deadline in ms; `Infinity` if there is none to go by, for the reason in `problem`. */
  readonly remainingMs: number;
  readonly problem: string | undefined;
}

// If the handler of a durable execution rejects, the whole execution fails. If Lambda kills the handler, the execution
// resumes. And a handler that suspends never settles, so its timer would go off in a later invocation.
const DURABLE =
  'its context is that of a durable execution, which a timeout would fail for good; decorate a method that ' +
  'calls what `withDurableExecution` returns, or one that a step calls with `context.lambdaContext`';

const NO_CONTEXT = 'no argument has the method `getRemainingTimeInMillis()` of a Lambda context';

const warnedClasses = new WeakSet<object>();

/** Says, once per class, why a handler has no timeout. */
export function warnOfContext(
  problem: string,
  owner: object,
  handlerName: string,
  logger: TimeoutLogger,
): void {
  if (warnedClasses.has(owner)) return;
  warnedClasses.add(owner);
  log(logger, 'warn', `${handlerName} runs without a timeout`, problem);
}

/** Finds the Lambda context among a handler's arguments and reads its clock. */
export function readLambdaContext(args: readonly unknown[]): LambdaContext {
  let unusable: LambdaContext | undefined;
  // The event last: a mock of one may have any method. So may a mock of a response stream, but its clock tells no time.
  for (let index = 1; index < args.length; index++) {
    const found = readArgument(args[index], index);
    if (found && found.problem === undefined) return found;
    unusable ??= found;
  }
  return unusable ?? readArgument(args[0], 0) ?? describe(undefined, 1, {}, NO_CONTEXT);
}

/** What an argument tells, if it is a context or wraps one. */
function readArgument(context: unknown, index: number): LambdaContext | undefined {
  try {
    // An object with a clock of its own is a context, also a mock that has every method.
    if (isClock(context)) return describe(context, index, context, readClock(context));
    const { lambdaContext, step } = (context ?? {}) as Wrapper;
    if (!isClock(lambdaContext)) return undefined;
    return describe(
      context,
      index,
      lambdaContext,
      typeof step === 'function' ? DURABLE : readClock(lambdaContext),
    );
  } catch {
    return undefined; // it has a getter that throws
  }
}

/** A context that wraps Lambda's. One with steps is that of a durable execution. */
interface Wrapper {
  readonly lambdaContext?: unknown;
  readonly step?: unknown;
}

const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value);

const isClock = (value: unknown): value is Clock =>
  typeof (value as Clock | null | undefined)?.getRemainingTimeInMillis === 'function';

/** The remaining time in ms, or why there is none to go by. */
function readClock(clock: Clock): number | string {
  try {
    const remainingMs: unknown = clock.getRemainingTimeInMillis();
    if (isFiniteNumber(remainingMs)) return remainingMs;
    // That of a mock may be a promise that rejects.
    Promise.resolve(remainingMs).catch(() => {});
    return `\`context.getRemainingTimeInMillis()\` returned ${inspect(remainingMs)}`;
  } catch (error) {
    return `\`context.getRemainingTimeInMillis()\` threw ${inspect(error)}`;
  }
}

function describe(
  context: unknown,
  index: number,
  clock: Partial<Clock>,
  time: number | string,
): LambdaContext {
  // A strict mock throws at what it was not told of.
  const awsRequestId = read(clock, 'awsRequestId');
  const requestId = typeof awsRequestId === 'string' ? awsRequestId : undefined;
  return typeof time === 'number'
    ? { context, index, requestId, remainingMs: time, problem: undefined }
    : { context, index, requestId, remainingMs: Number.POSITIVE_INFINITY, problem: time };
}

/**
 * Makes the runtime client ask for the next event as soon as the stream has ended. Up to nodejs22.x it would wait until the
 * event loop is empty, and abandoned code may keep that busy until Lambda kills the process.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html
 */
export function doNotWaitForAbandoned(context: unknown): void {
  const waits = 'callbackWaitsForEmptyEventLoop';
  try {
    if (waits in (context as object)) Reflect.set(context as object, waits, false);
  } catch {
    // The context is not one of Lambda, or has a setter that throws.
  }
}
