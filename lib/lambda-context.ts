import type { Context } from 'aws-lambda';
import { show } from './show.js';

type Clock = Pick<Context, 'getRemainingTimeInMillis'> & Partial<Pick<Context, 'awsRequestId'>>;

/** What a handler's arguments tell of the Lambda invocation. */
export interface LambdaContext {
  /** The argument that is the context or wraps it, and its position: that of `(event, context)` if there is none. */
  readonly context: unknown;
  readonly index: number;
  readonly requestId: string | undefined;
  /** Time until the hard deadline in ms; `Infinity` if it is unknown, for the reason in `problem`. */
  readonly remainingMs: number;
  readonly problem: string | undefined;
}

/** Finds the Lambda context among a handler's arguments and reads its clock. */
export function readLambdaContext(args: readonly unknown[]): LambdaContext {
  for (let index = 0; index < args.length; index++) {
    const context = args[index];
    const clock = findClock(context);
    if (clock) return { context, index, requestId: clock.awsRequestId, ...readClock(clock) };
  }
  const problem = 'no argument has the method `getRemainingTimeInMillis()` of a Lambda context';
  return { context: undefined, index: 1, requestId: undefined, ...unknown(problem) };
}

/** Takes the argument itself, or Lambda's context inside the context of a durable function. */
function findClock(argument: unknown): Clock | undefined {
  if (isClock(argument)) return argument;
  const wrapped = (argument as { lambdaContext?: unknown } | null | undefined)?.lambdaContext;
  return isClock(wrapped) ? wrapped : undefined;
}

const isClock = (value: unknown): value is Clock =>
  typeof (value as Clock | null | undefined)?.getRemainingTimeInMillis === 'function';

function readClock(clock: Clock): Pick<LambdaContext, 'remainingMs' | 'problem'> {
  try {
    const remainingMs = clock.getRemainingTimeInMillis();
    if (Number.isFinite(remainingMs)) return { remainingMs, problem: undefined };
    return unknown(`\`context.getRemainingTimeInMillis()\` returned ${show(remainingMs)}`);
  } catch (error) {
    return unknown(`\`context.getRemainingTimeInMillis()\` threw ${show(error)}`);
  }
}

const unknown = (problem: string) => ({ remainingMs: Number.POSITIVE_INFINITY, problem });
