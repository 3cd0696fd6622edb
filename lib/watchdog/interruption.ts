import { createHook, executionAsyncResource } from 'node:async_hooks';

/** Why code cannot be interrupted on this Node, at this moment; undefined if it can. */
export function findObstacle(): string | undefined {
  if (typeof fatalException() !== 'function') return 'this Node has no `process._fatalException`';
  if (process.hasUncaughtExceptionCaptureCallback()) return 'an uncaught-exception capture callback is set';
  return undefined;
}

/**
 * Empties Node's stack of async ids, as Node does when it has caught an exception. Code that is terminated leaves it
 * as it is, and Node would abort the process when it next looks at it.
 *
 * @returns the async resources in whose callbacks the code was running, the innermost one first
 */
export function clearAsyncStack(): object[] {
  const resources: object[] = [];
  const hook = createHook({ after: () => resources.push(executionAsyncResource()) }).enable();
  // Crash reporters listen to this event, for what is no crash; the capture callback keeps the others from hearing.
  const monitors = process.rawListeners('uncaughtExceptionMonitor') as ((error: Error) => void)[];
  process.removeAllListeners('uncaughtExceptionMonitor');
  process.setUncaughtExceptionCaptureCallback(() => {});
  (fatalException() as FatalException)(new Error('interrupted'), false);
  process.setUncaughtExceptionCaptureCallback(null);
  for (const monitor of monitors) process.on('uncaughtExceptionMonitor', monitor);
  hook.disable();
  return resources;
}

type FatalException = (error: Error, fromPromise: boolean) => void;

const fatalException = () => (process as { _fatalException?: FatalException })._fatalException?.bind(process);

/**
 * Takes the stack of the code below a function that was called from outside; undefined if there is no such code.
 *
 * It is written out only when it is asked for, which must not be in that function: source maps, or a program's own
 * `prepareStackTrace`, may use regular expressions, and to run one in the midst of an interrupted one is fatal to V8.
 */
export function takeStackBelow(called: () => void): (() => string) | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error;
  // The first frame is the expression that made the call.
  Error.stackTraceLimit = 2;
  Error.prepareStackTrace = (_, sites) => sites;
  const { stack: sites } = capture(called) as unknown as { stack: unknown[] };
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = 50;
  const trace = capture(called);
  Error.stackTraceLimit = stackTraceLimit;
  return sites.length > 1 ? () => write(trace) : undefined;
}

function capture(called: () => void): { readonly stack: unknown } {
  const trace = { stack: undefined };
  Error.captureStackTrace(trace, called);
  return trace;
}

/** Writes a stack from the innermost frame on that is of a file, without the header and the calling expression. */
function write({ stack }: { readonly stack: unknown }): string {
  const frames = String(stack)
    .split('\n')
    .slice(2)
    .map((frame) => frame.trim());
  const first = frames.findIndex((frame) => !frame.includes('<anonymous>') && !frame.includes('node:'));
  return frames.slice(Math.max(first, 0)).join('\n');
}
