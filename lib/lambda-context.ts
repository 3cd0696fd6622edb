import type { Context } from 'aws-lambda';
import { show } from './show.js';

type Clock = Pick<Context, 'getRemainingTimeInMillis'> & Partial<Pick<Context, 'awsRequestId'>>;

/** What a handler's arguments tell of the Lambda invocation. */
export interface LambdaContext {
  /** The argument that is the context, Lambda's or a durable one, and its position: that of `(event, context)` if there is none. */
  readonly context: unknown;
  readonly index: number;
  readonly requestId: string | undefined;
  /** Time until the hard deadline in ms; `Infinity` if there is none to go by, for the reason in `problem`. */
  readonly remainingMs: number;
  readonly problem: string | undefined;
}

// A handler of a durable execution that rejects ends all of it for good, while one that Lambda kills is resumed. And one
// that suspends never settles at all: its timer would go off in whatever invocation is next.
const DURABLE =
  'its context is that of a durable execution, which a timeout would fail for good; decorate a method that ' +
  'calls what `withDurableExecution` returns, or one that a step calls with `context.lambdaContext`';

/** Finds the Lambda context among a handler's arguments and reads its clock. */
export function readLambdaContext(args: readonly unknown[]): LambdaContext {
  for (let index = 0; index < args.length; index++) {
    const context = args[index];
    if (isClock(context)) return { context, index, requestId: context.awsRequestId, ...readClock(context) };
    const { lambdaContext } = (context ?? {}) as { lambdaContext?: unknown };
    if (isClock(lambdaContext)) {
      return { context, index, requestId: lambdaContext.awsRequestId, ...unknown(DURABLE) };
    }
  }
  const problem = 'no argument has the method `getRemainingTimeInMillis()` of a Lambda context';
  return { context: undefined, index: 1, requestId: undefined, ...unknown(problem) };
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
