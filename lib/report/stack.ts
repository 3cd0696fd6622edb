import type { StackBudget } from './stack-budget.js';

type AnyFunction = (...args: never) => unknown;

/** A stack as V8 keeps it. Reading `stack` writes it out, with the program's own `prepareStackTrace` if there is one. */
export interface Trace {
  readonly stack?: unknown;
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
  const trace = { stack: undefined };
  Error.captureStackTrace?.(trace, below);
  return trace;
}

/** Runs code with a property of `Error` set, where that is possible, and then restores the property. */
export function withErrorProperty<Result>(
  name: 'prepareStackTrace' | 'stackTraceLimit',
  value: unknown,
  code: (isSet: boolean) => Result,
): Result {
  const isThere = Object.hasOwn(Error, name);
  const before = Error[name];
  try {
    return code(set(name, value));
  } finally {
    if (isThere) set(name, before);
    else Reflect.deleteProperty(Error, name);
  }
}

/** Sets a property of `Error`; answers whether that was possible. */
function set(name: keyof ErrorConstructor, value: unknown): boolean {
  try {
    return Reflect.set(Error, name, value);
  } catch {
    return false; // the program has given it a setter that throws
  }
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
  const [frames = [], [end = NO_FRAME] = []] = writeStacks([trace, marker], budget).map(splitFrames);
  const place = end.slice(Math.max(end.lastIndexOf(' '), end.lastIndexOf('(')) + 1);
  const folder = OWN_FOLDER.exec(place)?.[0];
  const endsAt = frames.findIndex((frame) => frame.endsWith(place));
  const inner = endsAt === -1 ? frames : frames.slice(0, endsAt);
  return folder === undefined ? inner : inner.filter((frame) => !frame.includes(folder));
}

/**
 * Writes stacks out, all with source maps or all without. Node parses a map when the first stack with a frame of its file
 * is written, so what that would cost is asked first.
 */
export function writeStacks(traces: readonly Trace[], budget: StackBudget): unknown[] {
  const readAll = (): unknown[] => traces.map(readStack);
  return mayBeMapped()
    ? budget.spend(new Set(traces.flatMap(filesOf)), (isMapped) =>
        isMapped ? readAll() : withoutMaps(readAll),
      )
    : readAll();
}

function readStack(trace: Trace): unknown {
  try {
    return trace.stack;
  } catch {
    return undefined; // the program's own `prepareStackTrace` has failed
  }
}

/** Whether stacks may be written with source maps, by Node or by the program. */
const mayBeMapped = (): boolean =>
  process.sourceMapsEnabled || ![undefined, 'ErrorPrepareStackTrace'].includes(Error.prepareStackTrace?.name);

/** The files in a stack, without writing it out: if `prepareStackTrace` throws, V8 calls it again the next time. */
function filesOf(trace: Trace): string[] {
  let sites: NodeJS.CallSite[] = [];
  const stop = (_: unknown, seen: NodeJS.CallSite[]): never => {
    sites = seen;
    throw undefined;
  };
  const isSet = withErrorProperty('prepareStackTrace', stop, (isSet) => {
    if (isSet) readStack(trace);
    return isSet;
  });
  return isSet ? sites.map(fileOf).filter((file) => file !== undefined) : [UNKNOWN];
}

function fileOf(site: NodeJS.CallSite): string | undefined {
  const file = site.getFileName() ?? site.getEvalOrigin();
  return !file || file.startsWith('node:') || file.startsWith('eval at ') ? undefined : file;
}

/** Stands for the files in a stack that cannot be looked at, because `Error` is frozen. */
const UNKNOWN = '';

function withoutMaps<Result>(read: () => Result): Result {
  const { prepareStackTrace } = Error;
  const write = (error: Error, sites: NodeJS.CallSite[]): string =>
    [headOf(error, prepareStackTrace), ...sites].join('\n    at ');
  return withErrorProperty('prepareStackTrace', write, (isSet) => {
    if (isSet) return read();
    const areEnabled = process.sourceMapsEnabled;
    process.setSourceMapsEnabled(false);
    try {
      return read();
    } finally {
      process.setSourceMapsEnabled(areEnabled);
    }
  });
}

/** The lines above the frames, as Node or the program writes them. */
function headOf(error: Error, prepareStackTrace: typeof Error.prepareStackTrace): string {
  try {
    const head: unknown = prepareStackTrace?.(error, []);
    if (typeof head === 'string') return head;
  } catch {
    // It needs frames.
  }
  return Error.prototype.toString.call(error);
}

const splitFrames = (stack: unknown): string[] => {
  const lines = typeof stack === 'string' ? stack.split('\n') : [];
  return lines.map((line) => line.trim()).filter((line) => line.startsWith('at '));
};

/** Gives an error the stack that begins at the caller of `entry` and ends where the user's code ends; without it, no frames. */
export function setStack(error: Error, budget: StackBudget, entry?: AnyFunction): void {
  const frames = entry ? framesOf(captureTrace(entry), budget) : [];
  const value = [`${error.name}: ${error.message}`, ...frames].join('\n    ');
  // Up to Node 20 the definition below writes the old stack out, with source maps. A function that is not on the stack leaves
  // no frames.
  Error.captureStackTrace?.(error, Boolean);
  withErrorProperty(
    'prepareStackTrace',
    () => '',
    () => Object.defineProperty(error, 'stack', { value, configurable: true, writable: true }),
  );
}

/** Where a package manager has put this package, or where its sources are. */
const OWN_FOLDER = /^.+[\\/](?:node_modules[\\/]lambda-graceful-timeout[\\/]|(?=report[\\/]stack\.[jt]s:))/;

/** No line ends like this. */
const NO_FRAME = '\n';

/** Whether a frame is of Node or of a built-in function, and so of no file of the user. */
export const isBuiltIn = (frame: string): boolean =>
  !/:\d+:\d+\)?$/.test(frame) || /[ (]node:|<anonymous>:/.test(frame);
