import { withErrorProperty } from './error-property.js';
import type { StackBudget } from './stack-budget.js';
import { type Written, writeStacks } from './written-stacks.js';

type AnyFunction = (...args: never) => unknown;

/** A stack as V8 keeps it, until it is written out. */
export interface Trace extends Written {
  /** Its frames, once they have been written out. */
  frames?: string[];
}

/** How many frames are kept. Frames of Node and of an SDK can come before those of the user. */
const FRAMES = 50;

/** Captures the stack below a function, however few frames the program keeps in its errors. */
export const captureTrace = (below: AnyFunction, frames = FRAMES): Trace =>
  withErrorProperty('stackTraceLimit', frames, () => captureFew(below));

/** Captures the stack below a function, with as many frames as the program keeps in its errors. */
export function captureFew(below: AnyFunction): Trace {
  const trace: Trace = {};
  Error.captureStackTrace?.(trace, below);
  return trace;
}

/** Calls a method of the user. The frame of this function marks where the user's code ends in a stack. */
export const callUserCode = (method: AnyFunction, self: unknown, args: readonly unknown[]): unknown =>
  method.apply(self, args as never);

/** Writes out the frames of a stack, the innermost one first, as far as the user's code goes, and without this package. */
export function framesOf(trace: Trace, budget: StackBudget): string[] {
  trace.frames ??= writeFrames(trace, budget);
  return trace.frames;
}

/**
 * Writes out frames. The frame of `callUserCode` has to be found by its place, written in the same way: a bundler may have
 * moved the function into a file of the user, and a minifier may have renamed it.
 */
function writeFrames(trace: Trace, budget: StackBudget): string[] {
  const capture = (): Trace => captureTrace(capture, 1);
  const marker = callUserCode(capture, undefined, []) as Trace;
  const [frames = [], ends] = writeStacks([trace, marker], budget).map(splitFrames);
  const end = ends?.[0] ?? NO_FRAME;
  const place = end.slice(Math.max(end.lastIndexOf(' '), end.lastIndexOf('(')) + 1);
  const folder = OWN_FOLDER.exec(place)?.[0];
  const endsAt = frames.findIndex((frame) => frame.endsWith(place));
  const inner = endsAt === -1 ? frames : frames.slice(0, endsAt);
  return folder === undefined ? inner : inner.filter((frame) => !frame.includes(folder));
}

const splitFrames = (stack: string): string[] =>
  stack
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '));

/** Gives an error the stack that begins at the caller of `entry` and ends where the user's code ends; without it, no frames. */
export function setStack(error: Error, budget: StackBudget, entry?: AnyFunction): void {
  // A function that is not on the stack leaves no frames.
  Error.captureStackTrace?.(error, Boolean);
  if (!entry) return;
  const frames = framesOf(captureTrace(entry), budget);
  const value = [`${error.name}: ${error.message}`, ...frames].join('\n    ');
  // Up to Node 20 this writes the old stack out, which the program's own `prepareStackTrace` may not be able to.
  withErrorProperty('prepareStackTrace', String, () =>
    Object.defineProperty(error, 'stack', { value, configurable: true, writable: true }),
  );
}

/** Where a package manager has put this package, or where its sources are. */
const OWN_FOLDER = /^.+[\\/](?:node_modules[\\/]lambda-graceful-timeout[\\/]|(?=report[\\/]stack\.[jt]s:))/;

/** No line ends like this. */
const NO_FRAME = '\n';

/** Whether a frame is of Node or of a built-in function, and so of no file of the user. */
export const isBuiltIn = (frame: string): boolean =>
  !/:\d+:\d+\)?$/.test(frame) || /[ (]node:|<anonymous>:/.test(frame);
